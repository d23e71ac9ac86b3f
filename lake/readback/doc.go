// Package readback holds the tests that open Quoll's tables with Apache
// Iceberg's own library for Go: its SQL catalogue, its checks of metadata and
// its scanner. They are by themselves because that library takes a fifth of a
// second to start and long to compile, which no other test should pay for.
//
// It has no code of its own and nothing imports it.
package readback
