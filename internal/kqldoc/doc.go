// Package kqldoc writes docs/kql.md: what package kql/reference says, with what
// the engine gives for each example. `make docs` writes the document anew; the
// test says when it is old.
//
// It has no code of its own and nothing imports it.
package kqldoc
