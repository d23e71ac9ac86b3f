// Package drift remembers what of the form of records was seen first, and when:
// record types, workloads, operations and categories, their fields with the
// types of JSON, and the values of fields that have few. So a change at the
// source is a line in a list rather than a silence in the tables.
//
// normalise sights, the pipeline hands over in the order of the journal, and
// what is remembered is in the state database, within bounds. The package must
// not know how records are read, and keeps nothing of them but one short example
// for each sighting.
package drift
