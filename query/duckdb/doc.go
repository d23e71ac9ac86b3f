// Package duckdb runs compiled queries on DuckDB, in this process and in
// memory. Nothing is stored in DuckDB: tables are Parquet files and fresh
// batches of the lake, read for each query.
//
// It is the second wall between the text of a query and the machine (package
// bind is the first): the database has no extensions to load, may read only
// the lake's folder, and its settings are locked. It knows plans and the lake's
// read sets; it knows no syntax of KQL, no users and no HTTP.
package duckdb
