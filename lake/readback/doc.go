// Package readback holds the tests that open Quoll's tables with Apache
// Iceberg's own library for Go: its SQL catalogue, its checks of metadata and
// its scanner. They are by themselves, behind the build tag readback (make
// test-readback), because that library takes a fifth of a second to start and,
// with 180 packages that nothing else needs, long to compile.
//
// It has no code of its own and nothing imports it.
package readback
