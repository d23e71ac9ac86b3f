package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quoll/quoll/archive/proof/command"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"quoll":        main,
		"quoll-verify": func() { os.Exit(command.Run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// The command line is held to what scripts say, through the real binary on
// real folders.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: filepath.Join("testdata", "script"),
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"flip": flip, "simulate": simulate, "expand": expand, "tenant": startTenantCommand, "killatpage": killAtPage, "killserveratpage": killServerAtPage, "awaitbackfills": awaitBackfills, "await": awaitFile,
		},
		Setup: func(env *testscript.Env) error {
			env.Values[tenantKey{}] = &scriptTenant{}
			return nil
		},
	})
}

// flip FILE OFFSET changes one bit of a file; a negative offset counts from
// its end.
func flip(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: flip file offset")
	}
	matches, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(matches) != 1 {
		ts.Fatalf("%s: %d files match", args[0], len(matches))
	}
	offset, err := strconv.Atoi(args[1])
	ts.Check(err)
	content, err := os.ReadFile(matches[0])
	ts.Check(err)
	if offset < 0 {
		offset += len(content)
	}
	content[offset] ^= 1
	ts.Check(os.Chmod(matches[0], 0o600))
	ts.Check(os.WriteFile(matches[0], content, 0o600))
}
