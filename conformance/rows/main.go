// Command rows compares the rows of OfficeActivity that Quoll makes with rows
// that Sentinel itself wrote: column by column, by the form of what is in it,
// over records of the same type and operation.
//
//	go run ./conformance/rows -data DIR
//
// DIR holds audit_records.jsonl, audit records as the API words them, and
// exports of Sentinel: sentinel_officeactivity_export*.csv and, as JSON rows,
// *officeactivity.json. They are of different tenants, so no value can be
// compared, only what kind of value it is. Nothing of DIR enters the project.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	data := flag.String("data", "", "folder with audit_records.jsonl and Sentinel's exports")
	verbose := flag.Bool("v", false, "list each type and operation that differs")
	flag.Parse()
	if err := run(os.Stdout, *data, *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "conformance of rows:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, dir string, verbose bool) error {
	if dir == "" {
		return fmt.Errorf("no folder: name it with -data")
	}
	ours, err := readQuoll(w, dir)
	if err != nil {
		return err
	}
	theirs, columns, err := readSentinel(w, dir)
	if err != nil {
		return err
	}
	if err := readBack(w, dir); err != nil {
		return err
	}
	twins(w, columns, theirs, ours)
	return report(w, compare(columns, theirs, ours), verbose)
}
