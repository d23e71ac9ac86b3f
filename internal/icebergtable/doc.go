// Package icebergtable is the metadata of Apache Iceberg tables of format
// version 2, as far as Quoll writes them: it reads a table down to its data
// files, and makes the next state of one that gained or lost files, columns or
// old snapshots. Manifests and their lists are read and written by iceberg-go's
// root package; what that library has around them (scans, transactions,
// expressions for other engines) is more than a writer of files needs, and each
// start of each command paid for it (docs/decisions/0016).
//
// It must not know what the rows mean, where files lie beyond the interface
// Files, nor which catalogue points to the metadata: whoever commits writes the
// next state's metadata file and then swaps the pointer. The format is
// https://iceberg.apache.org/spec/.
//
// What other programs may have put into a table is kept: tags and branches,
// statistics, properties, fields of the metadata that this package does not
// know. Two things it refuses: other format versions, and delete files, because
// rows that they delete would appear again.
package icebergtable
