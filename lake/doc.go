// Package lake keeps the rows: fresh ones in memory as Arrow record batches,
// older ones in Parquet files that belong to Apache Iceberg tables on a local
// disk. A record is visible once in each table however often it arrives, and
// the journal position that a flush covers is committed with the rows that the
// flush wrote, so that a crash at any instant loses nothing and doubles
// nothing.
//
// It must not know how a record was collected or normalised, nor which engine
// reads the rows: it imports no engine, and it hands out paths of files and
// Arrow batches only. docs/formats/lake.md describes what lies on the disk.
//
// The files of the package, in the order of a row's life: apply.go takes a
// batch and drops what is known (keys.go), builder.go turns sparse rows into
// columns, fresh.go keeps batches from becoming tiny, readset.go shows rows to
// readers, flush.go seals a generation, partition.go sorts and splits it,
// parquet.go writes it, commit.go and catalog.go add it to the Iceberg table,
// recover.go puts a folder in order when it is opened.
package lake
