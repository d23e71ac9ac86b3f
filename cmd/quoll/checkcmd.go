package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/preflight"
)

func checkCommand() *cobra.Command {
	var path, output string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check, before anything runs, what would keep Quoll from collecting",
		Long: `Check signs in with each tenant's application and asks the API as quoll serve
would, without changing anything: permissions, auditing, subscriptions, data loss
prevention, clock, cloud, proxy, disk, and when the credential ends. Witnesses of the
archive are asked whether they know the log, and time-stamping authorities for a stamp
that is looked at and not kept. Each finding says what to click or to run. Event hubs,
the export of Defender and its hunting are not asked; a note says so of each.

It exits with 0 when nothing keeps Quoll from collecting, with 1 when something
does, and with 2 when the configuration cannot be read.`,
		Example: `  quoll check --config quoll.yaml
  quoll check --config quoll.yaml -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			loaded, err := config.Load(path)
			if loaded == nil {
				return usageError(err)
			}
			var findings []preflight.Finding
			p := printer{w: cmd.OutOrStdout()}
			preflight.Run(cmd.Context(), checkPlan(loaded, err), func(f preflight.Finding) {
				findings = append(findings, f)
				if output == "text" {
					p.print(f)
				}
			})
			if err := cmd.Context().Err(); err != nil {
				return err
			}
			if output == "json" {
				p.err = json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]any{"worst": preflight.Worst(findings), "findings": findings})
			} else {
				p.end(findings)
			}
			if p.err == nil && preflight.Worst(findings) == preflight.Blocking {
				return &exitError{exitFailure, nil}
			}
			return p.err
		},
	}
	cmd.Flags().StringVarP(&path, "config", "c", "quoll.yaml", "configuration file")
	outputFlag(cmd, &output)
	return cmd
}

// checkPlan turns a configuration, and what is wrong with it, into what is to be
// checked.
func checkPlan(c *config.Config, wrong error) preflight.Plan {
	p := preflight.Plan{
		DataDir: c.DataDir, ArchiveDir: c.ArchiveDir, Problems: separate(wrong), Copies: copiesToCheck(c.ArchiveCopies), Peers: peersToCheck(c),
		Idle: wrong == nil && len(c.Tenants) == 0 && c.Push == nil,
	}
	for _, t := range c.Tenants {
		checked := preflight.Tenant{Name: t.Name, ID: t.ID, Unasked: unasked(t)}
		if t.Activity == nil {
			p.Tenants = append(p.Tenants, checked)
			continue
		}
		copied := *t.Activity
		if copied.Validate() == nil {
			checked.Activity = &copied
		} else {
			// Validate has filled in what follows from the cloud.
			checked.Authority = copied.AuthorityURL
			checked.Client, _ = activity.HTTPClient(copied) // without one, the system's
		}
		p.Tenants = append(p.Tenants, checked)
	}
	return p
}

// unasked are the sections of a tenant that quoll check does not ask.
func unasked(t config.Tenant) []string {
	var all []string
	if t.EventHubs != nil {
		all = append(all, "event_hubs")
	}
	if t.DefenderExportDir != "" || t.DefenderAccount != nil {
		all = append(all, "defender_export")
	}
	if t.Hunting != nil {
		all = append(all, "defender_hunting")
	}
	return all
}

// separate takes joined errors apart.
func separate(err error) []error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		return joined.Unwrap()
	}
	if err != nil {
		return []error{err}
	}
	return nil
}

// printer writes findings as they come: a line each, what to do below it.
type printer struct {
	w      io.Writer
	tenant string
	begun  bool
	err    error
}

var marks = map[preflight.Severity]string{preflight.OK: "ok", preflight.Note: "note", preflight.Warning: "WARNING", preflight.Blocking: "BLOCKS"}

func (p *printer) print(f preflight.Finding) {
	var b strings.Builder
	if !p.begun || f.Tenant != p.tenant {
		if p.begun {
			b.WriteByte('\n')
		}
		p.begun, p.tenant = true, f.Tenant
		if f.Tenant == "" {
			b.WriteString("This machine\n")
		} else {
			fmt.Fprintf(&b, "Tenant %s\n", f.Tenant)
		}
	}
	const indent = 44
	lead := fmt.Sprintf("  %-8s %-32s ", marks[f.Severity], f.Check)
	p.wrapped(&b, lead, indent, f.Found)
	if f.Remedy != "" {
		p.wrapped(&b, strings.Repeat(" ", indent-2)+"→ ", indent, f.Remedy)
	}
	if f.Detail != "" && f.Detail != f.Found {
		p.wrapped(&b, strings.Repeat(" ", indent), indent, "("+f.Detail+")")
	}
	p.write(b.String())
}

// wrapped writes a text that begins after lead, folded to the terminal.
func (p *printer) wrapped(b *strings.Builder, lead string, indent int, text string) {
	width := terminalWidth(p.w) - indent
	if width < 30 {
		fmt.Fprintf(b, "%s%s\n", lead, text)
		return
	}
	b.WriteString(lead)
	used := 0
	for word := range strings.FieldsSeq(text) {
		length := len([]rune(word))
		switch {
		case used == 0:
		case used+1+length > width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			used = 0
		default:
			b.WriteByte(' ')
			used++
		}
		b.WriteString(word)
		used += length
	}
	b.WriteByte('\n')
}

func (p *printer) end(findings []preflight.Finding) {
	count := map[preflight.Severity]int{}
	for _, f := range findings {
		count[f.Severity]++
	}
	words := "Nothing keeps Quoll from collecting"
	if n := count[preflight.Blocking]; n == 1 {
		words = "One finding keeps Quoll from collecting"
	} else if n > 1 {
		words = fmt.Sprintf("%d findings keep Quoll from collecting", n)
	}
	p.write(fmt.Sprintf("\n%s; warnings: %d.\n", words, count[preflight.Warning]))
}

func (p *printer) write(text string) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, text)
	}
}
