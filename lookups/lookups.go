// Package lookups is what analysts ask of mail again and again, as saved queries:
// who wrote to whom, under which subject, with which link or file, from where.
//
// Each <name>.kql begins with a line that says what it is for, and declares the
// parameters what (string) and since (timespan). It holds files only and must not
// know how a query is run.
package lookups

import "embed"

// Files holds <name>.kql, at the top level.
//
//go:embed *.kql
var Files embed.FS
