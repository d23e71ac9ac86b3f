package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quoll/quoll/dashboard"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/kql/bind"
)

func dashboardsCommand() *cobra.Command {
	return group("dashboards", "List, check and import dashboards", dashboardsCheckCommand(), dashboardsImportCommand())
}

func dashboardsCheckCommand() *cobra.Command {
	var dirs []string
	var data, output string
	cmd := &cobra.Command{
		Use:   "check",
		Short: "List the dashboards that ship and those in folders, and compile each tile",
		Long: `Check reads the dashboards that ship, those of the data directory and those in
further folders, and compiles every query in them. The exit code is 1 when one is
wrong.`,
		Example: `  quoll dashboards check
  quoll dashboards check --dir ./my-dashboards -o json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := dashboardBook{append(dirs, savedDashboards(data))}.load()
			if err != nil {
				return err
			}
			return listDashboards(cmd.OutOrStdout(), output, all)
		},
	}
	cmd.Flags().StringSliceVar(&dirs, "dir", nil, "further folders of dashboards")
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	outputFlag(cmd, &output)
	return cmd
}

// checkedDashboard is a line of the list.
type checkedDashboard struct {
	ID       string   `json:"id"`
	Title    string   `json:"title,omitempty"`
	Own      bool     `json:"own"`
	Tiles    int      `json:"tiles"`
	Problems []string `json:"problems"`
}

func listDashboards(w io.Writer, output string, all []dashboard.Entry) error {
	wrong := 0
	checked := make([]checkedDashboard, 0, len(all))
	for _, e := range all {
		line := checkedDashboard{ID: e.ID, Own: e.Own, Problems: []string{}}
		if e.Problem != nil {
			line.Problems = append(line.Problems, e.Problem.Error())
		} else {
			line.Title, line.Tiles, line.Problems = e.Dashboard.Title, len(e.Dashboard.Tiles), append(line.Problems, dashboardMistakes(e.Dashboard)...)
		}
		wrong += len(line.Problems)
		checked = append(checked, line)
	}
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(checked); err != nil {
			return err
		}
	} else if err := printDashboards(w, checked); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("%d mistakes in dashboards", wrong)
	}
	return nil
}

func printDashboards(w io.Writer, checked []checkedDashboard) error {
	for _, d := range checked {
		if _, err := fmt.Fprintf(w, "%-24s %3d tiles  %s\n", d.ID, d.Tiles, d.Title); err != nil {
			return err
		}
		for _, p := range d.Problems {
			if _, err := fmt.Fprintf(w, "    %s\n", strings.ReplaceAll(p, "\n", "\n    ")); err != nil {
				return err
			}
		}
	}
	return nil
}

// dashboardMistakes compiles every query of a dashboard.
func dashboardMistakes(d *dashboard.Dashboard) []string {
	var mistakes []string
	compile := func(where, text string) {
		if strings.TrimSpace(text) == "" {
			return
		}
		values := map[string]string{}
		for _, p := range d.Used(text) {
			values[p.Name] = p.Default
		}
		if _, err := tables.Compile(d.Declare(text), bind.Options{Now: time.Now(), Parameters: values}); err != nil {
			mistakes = append(mistakes, where+": "+queryError(err).Error())
		}
	}
	for _, p := range d.Parameters {
		compile("parameter "+p.Name, p.Query)
	}
	for i, t := range d.Tiles {
		compile(fmt.Sprintf("tiles[%d] %q", i, t.Title), t.Query)
	}
	return mistakes
}

func dashboardsImportCommand() *cobra.Command {
	var data, to, title, output string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a dashboard of a Sentinel workbook",
		Long: `Import reads the JSON of a Sentinel workbook, as its advanced editor shows it under
"Gallery Template", and takes its queries over logs, texts, parameters and links.
The report names every step that was not taken and every query that does not
compile here. The dashboard is a file, to be changed by hand; a running server
shows it at the next look.`,
		Example: `  quoll dashboards import ExchangeOnline.json --data ./data
  quoll dashboards import Teams.json --to ./dashboards --title "Teams, as we look at it" -o json`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				if err := hasData(data); err != nil {
					return err
				}
				to = savedDashboards(data)
			}
			return importDashboard(cmd.OutOrStdout(), args[0], to, title, output)
		},
	}
	cmd.Flags().StringVar(&data, "data", "quoll-data", "data directory")
	cmd.Flags().StringVar(&to, "to", "", "folder to write to (default: that of the data directory)")
	cmd.Flags().StringVar(&title, "title", "", "title (default: the name of the file)")
	outputFlag(cmd, &output)
	return cmd
}

// workbookReport says what became of a workbook.
type workbookReport struct {
	File     string               `json:"file"`
	Tiles    int                  `json:"tiles"`
	Omitted  []dashboard.Omission `json:"omitted"`
	Mistakes []string             `json:"mistakes"`
}

func importDashboard(w io.Writer, file, to, title, output string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("import dashboard: %w", err)
	}
	name := nameOfFile(file)
	if title == "" {
		title = name
	}
	d, omitted, err := dashboard.ImportWorkbook(title, text)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", file, err))
	}
	target := filepath.Join(to, dashboardID(name)+".yaml")
	if _, err := os.Stat(target); err == nil {
		return usageError(fmt.Errorf("%s is there already: remove it, or name another folder with --to", target))
	}
	if full, err := dashboardsFull(to); err != nil || full {
		return cmp.Or(err, usageError(fmt.Errorf("%s has %d dashboards, which is the most: remove one, or name another folder with --to", to, dashboard.MaxFiles)))
	}
	written, err := dashboardText(d)
	if err != nil {
		return usageError(fmt.Errorf("%s: %w", file, err))
	}
	if err := writeDashboard(written, target); err != nil {
		return err
	}
	return tellImport(w, output, workbookReport{File: target, Tiles: len(d.Tiles), Omitted: append([]dashboard.Omission{}, omitted...), Mistakes: append([]string{}, dashboardMistakes(d)...)})
}

// nameOfFile is a file's name without its folders and its ending.
func nameOfFile(file string) string {
	return strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
}

// dashboardID is the name under which a dashboard of that name is kept.
func dashboardID(name string) string {
	return strings.ToLower(strings.Join(strings.FieldsFunc(name, notInFileName), "-"))
}

// dashboardText returns what the file of a dashboard holds. An error says why it
// could not be read again from there.
func dashboardText(d *dashboard.Dashboard) ([]byte, error) {
	var b bytes.Buffer
	if err := d.Write(&b); err != nil {
		return nil, err
	}
	if _, err := dashboard.Parse("as it would be kept", b.Bytes()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// dashboardsFull reports whether a folder has no room for another file: with more
// files than are read of a folder none of them would be.
func dashboardsFull(dir string) (bool, error) {
	there, err := dashboard.Files(os.DirFS(dir))
	if err != nil {
		return false, fmt.Errorf("import dashboard: %w", err)
	}
	return len(there) >= dashboard.MaxFiles, nil
}

func writeDashboard(text []byte, target string) error {
	if err := durable.MkdirAll(durable.OS{}, filepath.Dir(target), 0o750); err != nil {
		return fmt.Errorf("import dashboard: %w", err)
	}
	if err := durable.WriteFile(durable.OS{}, target, text, 0o640); err != nil {
		return fmt.Errorf("import dashboard: %w", err)
	}
	return nil
}

func notInFileName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9')
}

func tellImport(w io.Writer, output string, r workbookReport) error {
	if output == "json" {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	_, err := fmt.Fprintf(w, "%s: %d tiles\n", r.File, r.Tiles)
	for _, o := range r.Omitted {
		_, failed := fmt.Fprintf(w, "not taken: %s: %s\n", o.Step, o.Reason)
		err = errors.Join(err, failed)
	}
	for _, m := range r.Mistakes {
		_, failed := fmt.Fprintf(w, "does not compile: %s\n", m)
		err = errors.Join(err, failed)
	}
	return err
}
