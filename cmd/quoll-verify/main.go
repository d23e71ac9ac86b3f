// Command quoll-verify checks a bundle of evidence that quoll archive prove
// wrote: offline, without Quoll, with the log's public key alone.
//
// It is small so that it can be read and built by whoever is to believe it: the
// standard library, golang.org/x/mod/sumdb, packages archive/proof and
// archive/proof/command, no cgo. It must not know how archives are written or
// what is in a record.
package main

import (
	"os"

	"github.com/quoll/quoll/archive/proof/command"
)

func main() { os.Exit(command.Run(os.Args[1:], os.Stdout, os.Stderr)) }
