package main

import (
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/query"
)

// tables are what queries may ask for.
var tables = query.Schema{IngestionTime: lake.ColumnIngestionTime}
