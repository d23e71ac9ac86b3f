// Package house holds the tests that keep the checkout in the shape that
// ARCHITECTURE.md draws: which package may import which, how long a file may
// grow, and that every package says what it is for.
//
// It has no code of its own and nothing imports it.
package house
