// Command lookups measures quoll lookup over twelve simulated months of mail: a
// day of the simulated agency, three hundred and sixty-five times, each day's
// mails with ids, links and files of their own.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/world"
)

const tenantID = "5c0ffee0-1234-4321-8765-0123456789ab"

func main() {
	quoll := flag.String("quoll", "bin/quoll", "the binary")
	days := flag.Int("days", 365, "how many days")
	keep := flag.String("keep", "", "folder for the data, which then stays; without it there is a temporary one")
	volume := flag.Float64("volume", 1, "how much mail a day has: 1 is an agency of forty people")
	flag.Parse()
	if err := run(context.Background(), *quoll, *keep, *days, *volume); err != nil {
		fmt.Fprintln(os.Stderr, "lookups:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, quoll, dir string, days int, volume float64) (err error) {
	if dir == "" {
		if dir, err = os.MkdirTemp("", "quoll-lookups-*"); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	start := time.Now().UTC().Truncate(24 * time.Hour)
	w := world.New(world.Config{Seed: 5, TenantID: tenantID, Start: start, Volume: volume})
	day, err := w.Advance(start.Add(24 * time.Hour))
	if err != nil {
		return err
	}
	file, data := filepath.Join(dir, "year.jsonl"), filepath.Join(dir, "q")
	asked, err := write(file, day.Defender, start, days)
	if err != nil {
		return err
	}
	began := time.Now()
	if out, err := exec.CommandContext(ctx, quoll, "import", file, "--data", data).CombinedOutput(); err != nil {
		return fmt.Errorf("import: %w: %s", err, out)
	}
	fmt.Printf("%d events of %d days, imported in %s\n", len(day.Defender)*days, days, time.Since(began).Round(time.Second))
	for _, a := range asked {
		for range 2 {
			cmd := exec.CommandContext(ctx, quoll, "lookup", a[0], a[1], "--data", data, "--since", "36500d", "--statistics", "--format", "csv", "-o", filepath.Join(dir, "found.csv"))
			out, err := cmd.CombinedOutput()
			if err != nil {
				return fmt.Errorf("lookup %s: %w: %s", a[0], err, out)
			}
			fmt.Printf("%-12s%-40.40s %s\n", a[0], a[1], bytes.TrimSpace(out))
		}
	}
	return nil
}

// write makes the days, the latest of which is today's, and returns what to look
// for: something that is there each day, and something that is there once.
func write(path string, records []world.Defender, start time.Time, days int) (asked [][2]string, err error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	out := bufio.NewWriterSize(f, 1<<20)
	found := map[string]map[string]any{}
	for i := range days {
		for _, r := range records {
			line, err := nth(r.Record, start, i)
			if err != nil {
				return nil, err
			}
			if i == days/2 && found[r.Table] == nil {
				var envelope struct{ Properties map[string]any }
				if err := json.Unmarshal(line, &envelope); err != nil {
					return nil, err
				}
				found[r.Table] = envelope.Properties
			}
			if _, err := out.Write(append(line, '\n')); err != nil {
				return nil, err
			}
		}
	}
	mail, link, attached, click := found[defender.TableEmailEvents], found[defender.TableURLs], found[defender.TableAttachments], found[defender.TableURLClicks]
	for _, a := range [][2]any{
		{"address", mail["SenderFromAddress"]}, {"address", mail["SenderFromDomain"]}, {"subject", mail["Subject"]},
		{"url", link["UrlDomain"]}, {"url", link["Url"]}, {"attachment", attached["SHA256"]}, {"origin", click["IPAddress"]}, {"origin", "Firefox"},
	} {
		if text, ok := a[1].(string); ok {
			asked = append(asked, [2]string{a[0].(string), text})
		}
	}
	return asked, out.Flush()
}

// nth is a record as it would be about another mail of a day that many before.
func nth(r *defender.Record, start time.Time, before int) ([]byte, error) {
	line, err := r.Line(r.Time.Add(2 * time.Minute))
	if err != nil {
		return nil, err
	}
	for day := range 2 {
		at := start.AddDate(0, 0, day)
		line = bytes.ReplaceAll(line, []byte(at.Format("\"2006-01-02T")), []byte(at.AddDate(0, 0, -before).Format("\"2006-01-02T")))
	}
	for _, name := range []string{`"NetworkMessageId":"`, `"SHA256":"`} {
		if at := bytes.Index(line, []byte(name)); at >= 0 {
			at += len(name)
			id := append([]byte(nil), line[at:at+36]...)
			line = bytes.ReplaceAll(line, id, fmt.Appendf(append([]byte(nil), id[:24]...), "%012x", before))
		}
	}
	return line, nil
}
