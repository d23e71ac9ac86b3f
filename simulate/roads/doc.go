// Package roads shows that no road from Microsoft holds another up: all of them
// run in one process, in virtual time, and one at a time has a server that is
// dead, hangs, is slow or takes the key no more. The rows of the others are there
// as early as on a good day, and the one in trouble says so.
//
// It has no code outside of its tests and nothing imports it.
package roads
