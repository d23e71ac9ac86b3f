package assure

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// ErrCatalogue: a file is no OSCAL catalogue in JSON.
var ErrCatalogue = errors.New("not an OSCAL catalogue in JSON")

// maxCatalogue bounds a catalogue, in bytes; the ISM's have some 5 MB.
const maxCatalogue = 256 << 20

// Catalogue is a release of the ISM, as its OSCAL catalogue has it.
type Catalogue struct {
	Title    string    `json:"title"`
	Version  string    `json:"version"` // "2026.06.18"
	Controls []Control `json:"controls"`
}

// Control is one control of a release.
type Control struct {
	ID        string `json:"id"` // "ISM-1988"
	Title     string `json:"title"`
	Revision  string `json:"revision"`
	Updated   string `json:"updated"`
	Statement string `json:"statement"`
	// EssentialEight and Applicability are as the catalogue has them, sorted.
	EssentialEight []string `json:"essentialEight"`
	Applicability  []string `json:"applicability"`
	// Group is the titles of the groups that it is in, outermost first.
	Group []string `json:"group"`
	// Withdrawn says that the catalogue keeps it as withdrawn.
	Withdrawn bool `json:"withdrawn"`
}

// The members of OSCAL's JSON that are read.
type (
	oscalGroup struct {
		Title    string         `json:"title"`
		Groups   []oscalGroup   `json:"groups"`
		Controls []oscalControl `json:"controls"`
	}
	oscalControl struct {
		ID       string         `json:"id"`
		Title    string         `json:"title"`
		Props    []oscalProp    `json:"props"`
		Parts    []oscalPart    `json:"parts"`
		Controls []oscalControl `json:"controls"`
	}
	oscalPart struct {
		Name  string      `json:"name"`
		Prose string      `json:"prose"`
		Parts []oscalPart `json:"parts"`
	}
	oscalProp struct {
		Name  string `json:"name"`
		Value string `json:"value"`
		NS    string `json:"ns,omitempty"`
	}
)

// ReadCatalogue reads an OSCAL catalogue in JSON.
func ReadCatalogue(r io.Reader) (*Catalogue, error) {
	var file struct {
		Catalog *struct {
			Metadata struct {
				Title   string `json:"title"`
				Version string `json:"version"`
			} `json:"metadata"`
			oscalGroup
		} `json:"catalog"`
	}
	if err := json.NewDecoder(io.LimitReader(r, maxCatalogue)).Decode(&file); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCatalogue, err)
	}
	if file.Catalog == nil {
		return nil, fmt.Errorf("%w: it has no member \"catalog\"; a resolved profile or a catalogue in XML or YAML is none", ErrCatalogue)
	}
	c := &Catalogue{Title: file.Catalog.Metadata.Title, Version: file.Catalog.Metadata.Version}
	if err := c.group(file.Catalog.oscalGroup, nil); err != nil {
		return nil, err
	}
	if len(c.Controls) == 0 {
		return nil, fmt.Errorf("%w: it has no controls", ErrCatalogue)
	}
	slices.SortFunc(c.Controls, func(a, b Control) int { return strings.Compare(a.ID, b.ID) })
	for i := 1; i < len(c.Controls); i++ {
		if c.Controls[i].ID == c.Controls[i-1].ID {
			return nil, fmt.Errorf("%w: it has control %s twice", ErrCatalogue, c.Controls[i].ID)
		}
	}
	return c, nil
}

func (c *Catalogue) group(g oscalGroup, path []string) error {
	if g.Title != "" {
		path = append(slices.Clone(path), g.Title)
	}
	for _, control := range g.Controls {
		if err := c.control(control, path); err != nil {
			return err
		}
	}
	for _, inner := range g.Groups {
		if err := c.group(inner, path); err != nil {
			return err
		}
	}
	return nil
}

func (c *Catalogue) control(o oscalControl, path []string) error {
	if o.ID == "" {
		return fmt.Errorf("%w: a control in %q has no id", ErrCatalogue, strings.Join(path, " / "))
	}
	control := Control{ID: strings.ToUpper(o.ID), Title: o.Title, Group: append([]string{}, path...), EssentialEight: []string{}, Applicability: []string{}}
	for _, p := range o.Props {
		switch p.Name {
		case "revision":
			control.Revision = p.Value
		case "updated":
			control.Updated = p.Value
		case "essential-eight-applicability":
			control.EssentialEight = append(control.EssentialEight, p.Value)
		case "applicability":
			control.Applicability = append(control.Applicability, p.Value)
		case "status":
			control.Withdrawn = strings.EqualFold(p.Value, "withdrawn")
		}
	}
	slices.Sort(control.EssentialEight)
	slices.Sort(control.Applicability)
	control.Statement = prose(o.Parts)
	c.Controls = append(c.Controls, control)
	for _, inner := range o.Controls {
		if err := c.control(inner, path); err != nil {
			return err
		}
	}
	return nil
}

// prose is the statement of a control, with the items below it, in one line.
func prose(parts []oscalPart) string {
	var b []string
	for _, p := range parts {
		if p.Name != "statement" && p.Name != "item" {
			continue
		}
		b = append(b, strings.Fields(p.Prose)...)
		if inner := prose(p.Parts); inner != "" {
			b = append(b, inner)
		}
	}
	return strings.Join(b, " ")
}

// Find returns a control by its id.
func (c *Catalogue) Find(id string) *Control {
	i, ok := slices.BinarySearchFunc(c.Controls, id, func(c Control, id string) int { return strings.Compare(c.ID, id) })
	if !ok {
		return nil
	}
	return &c.Controls[i]
}

// Pinned says how the controls that Quoll is pinned to stand in a catalogue.
type Pinned struct {
	Title   string `json:"title"`
	Version string `json:"version"`
	Same    int    `json:"same"` // controls of the pinned revision, date and Essential Eight levels
	// Unpinned are controls of which no revision was at hand when they were listed.
	Unpinned []string `json:"unpinned"`
	Changes  []Change `json:"changes"`
}

// Pin compares the items' revisions with a catalogue.
func Pin(c *Catalogue) *Pinned {
	p := &Pinned{Title: c.Title, Version: c.Version, Unpinned: []string{}, Changes: []Change{}}
	for _, item := range Items() {
		if item.Kind != ISM {
			continue
		}
		now := c.Find(item.ID)
		switch {
		case now == nil || now.Withdrawn:
			p.Changes = append(p.Changes, Change{ID: item.ID, Used: true, What: []string{ChangeAbsent}, Before: item.Revision})
		case item.Revision == "":
			p.Unpinned = append(p.Unpinned, item.ID)
		default:
			c := Change{ID: item.ID, Title: now.Title, Used: true, Before: item.Revision, After: now.Revision}
			if c.pinned(&item, now); len(c.What) == 0 {
				p.Same++
				continue
			}
			p.Changes = append(p.Changes, c)
		}
	}
	return p
}

// pinned compares what the list says of a control with a catalogue. A date that moved
// without the revision is a rewording without one.
func (c *Change) pinned(item *Item, now *Control) {
	if item.Revision != now.Revision {
		c.What = append(c.What, revisionChange(item.Revision, now.Revision))
	} else if item.Updated != now.Updated {
		c.What = append(c.What, ChangeReworded)
		c.DetailBefore, c.DetailAfter = item.Updated, now.Updated
	}
	if levels := strings.Join(now.EssentialEight, ", "); levels != item.EssentialEight {
		c.What = append(c.What, ChangeEight)
		c.DetailBefore, c.DetailAfter = item.EssentialEight, levels
	}
}

// What can become of a control from one release to another.
const (
	ChangeAdded     = "added"
	ChangeWithdrawn = "withdrawn"
	ChangeAbsent    = "not in this catalogue"
	ChangeReworded  = "reworded"
	ChangeRevision  = "revision moved"
	ChangeBackwards = "revision moved backwards"
	ChangeEight     = "Essential Eight changed"
	ChangeApplies   = "applicability changed"
	ChangeMoved     = "moved to another chapter"
)

// Change is a control that is not the same in two releases.
type Change struct {
	ID    string   `json:"id"`
	Title string   `json:"title,omitempty"`
	Used  bool     `json:"used"` // by Quoll's list
	What  []string `json:"what"`
	// Before and After are revisions; the statements and groups are given where they
	// differ.
	Before          string `json:"before,omitempty"`
	After           string `json:"after,omitempty"`
	StatementBefore string `json:"statementBefore,omitempty"`
	StatementAfter  string `json:"statementAfter,omitempty"`
	DetailBefore    string `json:"detailBefore,omitempty"`
	DetailAfter     string `json:"detailAfter,omitempty"`
}

// Diff returns what changed from one release to another, by id.
func Diff(before, after *Catalogue) []Change {
	used := map[string]bool{}
	for _, item := range Items() {
		used[item.ID] = true
	}
	var changes []Change
	for i := range before.Controls {
		old := &before.Controls[i]
		now := after.Find(old.ID)
		c := Change{ID: old.ID, Title: old.Title, Used: used[old.ID], Before: old.Revision}
		if now == nil || now.Withdrawn {
			if !old.Withdrawn {
				c.What, c.StatementBefore = []string{ChangeWithdrawn}, old.Statement
				changes = append(changes, c)
			}
			continue
		}
		if c.compare(old, now); len(c.What) > 0 {
			changes = append(changes, c)
		}
	}
	for i := range after.Controls {
		now := &after.Controls[i]
		if old := before.Find(now.ID); old == nil && !now.Withdrawn {
			changes = append(changes, Change{ID: now.ID, Title: now.Title, Used: used[now.ID], What: []string{ChangeAdded}, After: now.Revision, StatementAfter: now.Statement})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return strings.Compare(a.ID, b.ID) })
	return changes
}

func (c *Change) compare(old, now *Control) {
	c.After = now.Revision
	if old.Statement != now.Statement {
		c.What = append(c.What, ChangeReworded)
		c.StatementBefore, c.StatementAfter = old.Statement, now.Statement
	}
	if old.Revision != now.Revision {
		c.What = append(c.What, revisionChange(old.Revision, now.Revision))
	}
	detail := func(what string, before, after []string, with string) {
		if slices.Equal(before, after) {
			return
		}
		c.What = append(c.What, what)
		c.DetailBefore = strings.TrimSpace(c.DetailBefore + " " + strings.Join(before, with))
		c.DetailAfter = strings.TrimSpace(c.DetailAfter + " " + strings.Join(after, with))
	}
	detail(ChangeEight, old.EssentialEight, now.EssentialEight, ", ")
	detail(ChangeApplies, old.Applicability, now.Applicability, ", ")
	detail(ChangeMoved, old.Group, now.Group, " / ")
}

func revisionChange(before, after string) string {
	b, errBefore := strconv.Atoi(before)
	a, errAfter := strconv.Atoi(after)
	if errBefore == nil && errAfter == nil && a < b {
		return ChangeBackwards
	}
	return ChangeRevision
}
