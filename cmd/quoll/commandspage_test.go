package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var update = flag.Bool("update", false, "write the list in docs/commands.md anew")

// What a command is while a server has the data directory open.
const (
	beside  = "yes" // asks the server, or reads and writes what both may
	alone   = "no"  // wants the data directory to itself
	without = ""    // wants none
)

// commandPages says of each command, or of a group, which page tells of it and whether
// it works beside a server.
var commandPages = map[string][2]string{
	"demo": {"simulation.md", without}, "serve": {"connect-a-tenant.md", alone}, "init": {"configuration.md", without},
	"check": {"connect-a-tenant.md", beside}, "import": {"import.md", alone}, "replay": {"retention.md", alone},
	"backfill": {"backfill.md", beside}, "reconcile": {"reconcile.md", beside}, "query": {"kql.md", beside},
	"lookup": {"connect-defender.md", beside}, "investigate": {"investigate.md", beside}, "coverage": {"connect-defender.md", beside},
	"explain": {"kql.md", alone}, "incidents": {"incidents.md", beside}, "incidents export": {"formats/custody.md", beside}, "rules": {"rules.md", without},
	"rules backtest": {"rules.md", alone}, "rules disable": {"rules.md", beside}, "rules enable": {"rules.md", beside},
	"rules exceptions": {"rules.md", beside}, "dashboards": {"dashboards.md", beside}, "watchlists": {"library.md", beside},
	"functions": {"library.md", beside}, "indicators": {"indicators.md", beside}, "automation": {"automation.md", beside},
	"archive": {"archive.md", beside}, "archive certificate": {"formats/certificate.md", beside},
	"archive verify-certificate": {"formats/certificate.md", without}, "archive consistency": {"formats/evidence.md", beside},
	"archive cosign": {"witness.md", alone}, "archive drill": {"restore.md", beside}, "archive erase": {"erasure.md", beside},
	"archive keygen": {"archive.md", without}, "archive rewrap": {"archive.md", without}, "archive restore": {"restore.md", without},
	"archive operations": {"formats/absence.md", beside}, "archive prove": {"formats/evidence.md", beside},
	"archive prove-absence": {"formats/absence.md", beside}, "assure report": {"assurance.md", beside},
	"assure catalogue": {"assurance.md", without}, "witness": {"witness.md", without}, "lake check": {"lake-object-store.md", alone},
	"retention": {"retention.md", beside}, "gaps": {"completeness.md", beside}, "schema": {"schema-drift.md", beside},
	"status": {"archive.md", beside}, "access": {"api.md", beside}, "version": {"", without},
}

// Flags that many commands have, which the page tells of once.
var commonFlags = []string{"data", "config", "output", "by", "help"}

// commandRows are the rows of the page, one a command that does something.
func commandRows(t *testing.T) string {
	var rows strings.Builder
	var walk func(*cobra.Command, string)
	walk = func(command *cobra.Command, known string) {
		path := strings.TrimPrefix(command.CommandPath(), "quoll ")
		if _, ok := commandPages[path]; ok {
			known = path
		}
		if command.HasAvailableSubCommands() {
			for _, below := range command.Commands() {
				if below.Name() != "help" && below.Name() != "completion" {
					walk(below, known)
				}
			}
			return
		}
		if known == "" {
			t.Errorf("commandPages does not have quoll %s", path)
		}
		var flags []string
		command.Flags().VisitAll(func(f *pflag.Flag) {
			if !slices.Contains(commonFlags, f.Name) || f.Usage == "hour or day" {
				flags = append(flags, "`--"+f.Name+"`")
			}
		})
		page := commandPages[known][0]
		if page != "" {
			page = fmt.Sprintf("[%s](%s)", strings.TrimSuffix(filepath.Base(page), ".md"), page)
		}
		fmt.Fprintf(&rows, "| `quoll %s` | %s | %s | %s | %s |\n", path, command.Short, strings.Join(flags, " "), commandPages[known][1], page)
	}
	walk(rootCommand(), "")
	return rows.String()
}

// TestThePageHasEveryCommand compares docs/commands.md with the commands; -update
// writes it.
func TestThePageHasEveryCommand(t *testing.T) {
	const begin, end = "| --- | --- | --- | --- | --- |\n", "<!-- end -->"
	page := filepath.Join("..", "..", "docs", "commands.md")
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(text), begin)
	_, after, found := strings.Cut(rest, end)
	if !ok || !found {
		t.Fatalf("%s has no table between %q and %q", page, begin, end)
	}
	want := before + begin + commandRows(t) + end + after
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if want != string(text) {
		t.Errorf("%s is not what the commands are; go test ./cmd/quoll -run ThePageHasEveryCommand -update writes it, and the difference is for you to read", page)
	}
	for path := range commandPages {
		if command, rest, err := rootCommand().Find(strings.Fields(path)); err != nil || len(rest) > 0 || command.CommandPath() != "quoll "+path {
			t.Errorf("commandPages has quoll %s, which is no command", path)
		}
	}
}
