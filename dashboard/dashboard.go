// Package dashboard reads dashboards: files of tiles, each a KQL query, a text or
// links, over one time range and parameters. It also makes them of Sentinel's
// workbooks, as far as these are that.
//
// It must not know how a query is compiled or run, nor who looks at what it
// returns.
package dashboard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Dashboard is one file.
type Dashboard struct {
	// ID is the name of the file without its ending.
	ID          string `yaml:"-"`
	Title       string `yaml:"title"`
	Description string `yaml:"description,omitempty"`
	// Range is the time range that it opens with, an ISO 8601 duration of days,
	// hours and minutes back from now; empty is P1D.
	Range      string      `yaml:"range,omitempty"`
	Parameters []Parameter `yaml:"parameters,omitempty"`
	Tiles      []Tile      `yaml:"tiles"`
}

// Parameter is a value that whoever looks chooses. Queries use it by its name, as
// one of declare query_parameters.
type Parameter struct {
	Name  string `yaml:"name"`
	Label string `yaml:"label,omitempty"`
	// Type is string, long, real or bool; empty is string.
	Type    string `yaml:"type,omitempty"`
	Default string `yaml:"default,omitempty"`
	// Values to choose from; or Query, whose first column has them. With neither,
	// anything can be typed.
	Values []string `yaml:"values,omitempty"`
	Query  string   `yaml:"query,omitempty"`
}

// Tile is one of a query, a text and links.
type Tile struct {
	Title string `yaml:"title,omitempty"`
	// Width is in quarters of the page, 1 to 4; 0 is 2, and 4 for a text.
	Width int `yaml:"width,omitempty"`
	// Height is small, medium or large; empty is medium.
	Height string `yaml:"height,omitempty"`
	// Query is KQL, drawn as its render says, or as a table.
	Query string `yaml:"query,omitempty"`
	// Text is shown as it is, a blank line between paragraphs.
	Text  string `yaml:"text,omitempty"`
	Links []Link `yaml:"links,omitempty"`
}

// Link leads to a page of Quoll ("/incidents") or elsewhere ("https://…").
type Link struct {
	Title string `yaml:"title"`
	URL   string `yaml:"url"`
}

// Bounds of a file.
const (
	MaxBytes   = 256 << 10
	maxTiles   = 60
	maxChoices = 500
)

var (
	isRange     = regexp.MustCompile(`^P(\d+D)?(T(\d+H)?(\d+M)?)?$`)
	isName      = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)
	isLocalLink = regexp.MustCompile(`^/([^/\\]|$)`)
)

// Parse reads a file. name is the file's, for messages; an error says place,
// reason and what would be right, and there may be several.
func Parse(name string, text []byte) (*Dashboard, error) {
	if len(text) > MaxBytes {
		return nil, fmt.Errorf("%s: longer than %d bytes: split it", name, MaxBytes)
	}
	var d Dashboard
	decoder := yaml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	decoder.KnownFields(true)
	if err := decoder.Decode(&d); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: empty: a dashboard has a title and tiles", name)
		}
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: more than one YAML document: a file holds one dashboard", name)
	}
	if err := d.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return &d, nil
}

func (d *Dashboard) validate() error {
	var problems []error
	bad := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if strings.TrimSpace(d.Title) == "" {
		bad("title: missing")
	}
	if d.Range != "" && (!isRange.MatchString(d.Range) || strings.HasSuffix(d.Range, "T") || d.Range == "P") {
		bad("range: %q; write it as PT4H, P1D or P7D", d.Range)
	}
	if len(d.Tiles) == 0 || len(d.Tiles) > maxTiles {
		bad("tiles: %d; a dashboard has 1 to %d", len(d.Tiles), maxTiles)
	}
	seen := map[string]bool{}
	for i, p := range d.Parameters {
		where := fmt.Sprintf("parameters[%d]", i)
		if !isName.MatchString(p.Name) {
			bad("%s.name: %q; it is of letters, digits and underscores", where, p.Name)
		}
		if seen[p.Name] {
			bad("%s.name: %q is there already", where, p.Name)
		}
		seen[p.Name] = true
		switch p.Type {
		case "", "string", "long", "real", "bool":
		default:
			bad("%s.type: %q; it is string, long, real or bool", where, p.Type)
		}
		if len(p.Values) > 0 && p.Query != "" || len(p.Values) > maxChoices {
			bad("%s: give values, at most %d, or a query that returns them", where, maxChoices)
		}
	}
	for i := range d.Tiles {
		d.Tiles[i].validate(fmt.Sprintf("tiles[%d]", i), bad)
	}
	return errors.Join(problems...)
}

func (t *Tile) validate(where string, bad func(string, ...any)) {
	kinds := 0
	for _, has := range []bool{strings.TrimSpace(t.Query) != "", strings.TrimSpace(t.Text) != "", len(t.Links) > 0} {
		if has {
			kinds++
		}
	}
	if kinds != 1 {
		bad("%s: has %d of query, text and links; a tile has one of them", where, kinds)
	}
	if t.Query != "" && t.Title == "" {
		bad("%s.title: missing; a query has one", where)
	}
	if t.Width < 0 || t.Width > 4 {
		bad("%s.width: %d; it is 1 to 4 quarters of the page", where, t.Width)
	}
	switch t.Height {
	case "", "small", "medium", "large":
	default:
		bad("%s.height: %q; it is small, medium or large", where, t.Height)
	}
	for k, l := range t.Links {
		if l.Title == "" || !isLocalLink.MatchString(l.URL) && !strings.HasPrefix(l.URL, "https://") {
			bad("%s.links[%d]: has a title, and a url that begins with / or https://", where, k)
		}
	}
}

// TypeOf is the Kusto type of a parameter.
func (p Parameter) TypeOf() string {
	if p.Type == "" {
		return "string"
	}
	return p.Type
}

// Used are the parameters that a query names.
func (d *Dashboard) Used(query string) []Parameter {
	var used []Parameter
	for _, p := range d.Parameters {
		if regexp.MustCompile(`\b` + p.Name + `\b`).MatchString(query) {
			used = append(used, p)
		}
	}
	return used
}

// Declare puts the declaration of the parameters that a query names before it, so
// that it can be asked with values for them.
func (d *Dashboard) Declare(query string) string {
	var declared []string
	for _, p := range d.Used(query) {
		declared = append(declared, p.Name+":"+p.TypeOf())
	}
	if len(declared) == 0 {
		return query
	}
	return "declare query_parameters(" + strings.Join(declared, ", ") + ");\n" + query
}

// Write writes a dashboard as a file that Parse reads.
func (d *Dashboard) Write(w io.Writer) error {
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(d); err != nil {
		return fmt.Errorf("write dashboard: %w", err)
	}
	return encoder.Close()
}
