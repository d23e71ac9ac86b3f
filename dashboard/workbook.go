package dashboard

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Omission is something of a workbook that was not taken, and why.
type Omission struct {
	Step   string `json:"step"`
	Reason string `json:"reason"`
}

// Kinds of steps of a workbook. Workbooks are undocumented but for their gallery:
// https://github.com/microsoft/Application-Insights-Workbooks.
const (
	stepText       = 1
	stepQuery      = 3
	stepParameters = 9
	stepLinks      = 11
	stepGroup      = 12
)

// workbook is what is read of Sentinel's JSON.
type workbook struct {
	Items []step `json:"items"`
}

type step struct {
	Type        int             `json:"type"`
	Name        string          `json:"name"`
	CustomWidth string          `json:"customWidth"`
	Conditional json.RawMessage `json:"conditionalVisibility"`
	Content     struct {
		// of a text
		JSON string `json:"json"`
		// of a query
		Query           string `json:"query"`
		Title           string `json:"title"`
		Size            int    `json:"size"`
		QueryType       int    `json:"queryType"`
		ResourceType    string `json:"resourceType"`
		Visualization   string `json:"visualization"`
		TimeContextFrom string `json:"timeContextFromParameter"`
		// of parameters
		Parameters []workbookParameter `json:"parameters"`
		// of links
		Links []struct {
			Target string `json:"linkTarget"`
			Label  string `json:"linkLabel"`
			Value  string `json:"cellValue"`
		} `json:"links"`
		// of a group
		Items []step `json:"items"`
	} `json:"content"`
}

type workbookParameter struct {
	Name      string          `json:"name"`
	Label     string          `json:"label"`
	Type      int             `json:"type"`
	Query     string          `json:"query"`
	JSONData  string          `json:"jsonData"`
	Multi     bool            `json:"multiSelect"`
	Value     json.RawMessage `json:"value"`
	Resource  string          `json:"resourceType"`
	QueryType int             `json:"queryType"`
}

// Kinds of parameters of a workbook.
const (
	parameterText      = 1
	parameterDropDown  = 2
	parameterTime      = 4
	parameterResource  = 5
	parameterOptions   = 10
	logQuery           = 0
	logAnalytics       = "microsoft.operationalinsights/workspaces"
	defaultGrain       = "1h"
	workbookVersionKey = `"version":"Notebook/1.0"`
)

// ImportWorkbook makes a dashboard of a Sentinel workbook: of its queries, texts,
// parameters and links. What is anything else is left out and named. title names
// it where the workbook does not name itself.
func ImportWorkbook(title string, text []byte) (*Dashboard, []Omission, error) {
	var w workbook
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(text), "\ufeff")), &w); err != nil {
		return nil, nil, fmt.Errorf(`read workbook: %w: the file is cut or is no workbook; copy all that the advanced editor shows under "Gallery Template"`, err)
	}
	if len(w.Items) == 0 {
		return nil, nil, fmt.Errorf(`read workbook: no steps under "items"; a workbook's JSON has %s, and is what its advanced editor shows under "Gallery Template"`, workbookVersionKey)
	}
	i := &workbookImport{dashboard: &Dashboard{Title: title, Description: "Imported from a Sentinel workbook.", Range: "P1D"}, times: map[string]bool{}}
	i.parameters(w.Items)
	i.steps(w.Items, 4)
	if len(i.dashboard.Tiles) == 0 {
		return nil, i.omitted, fmt.Errorf("read workbook: none of its steps is a query over logs, a text or a link")
	}
	if err := i.dashboard.validate(); err != nil {
		return nil, i.omitted, fmt.Errorf("read workbook: %w", err)
	}
	return i.dashboard, i.omitted, nil
}

type workbookImport struct {
	dashboard *Dashboard
	times     map[string]bool // parameters that are time ranges
	omitted   []Omission
}

func (i *workbookImport) omit(step, format string, args ...any) {
	i.omitted = append(i.omitted, Omission{cmp.Or(step, "a step without a name"), fmt.Sprintf(format, args...)})
}

// parameters come first, since queries refer to those of any step.
func (i *workbookImport) parameters(steps []step) {
	for _, s := range steps {
		if s.Type == stepGroup {
			i.parameters(s.Content.Items)
		}
		if s.Type != stepParameters {
			continue
		}
		for _, p := range s.Content.Parameters {
			i.parameter(p)
		}
	}
}

func (i *workbookImport) parameter(p workbookParameter) {
	name := "parameter " + p.Name
	for _, known := range i.dashboard.Parameters {
		if known.Name == p.Name {
			return
		}
	}
	var value string
	single := json.Unmarshal(p.Value, &value) == nil
	taken := Parameter{Name: p.Name, Label: p.Label}
	if single && !strings.HasPrefix(value, "value::") {
		taken.Default = value
	}
	switch {
	case p.Type == parameterTime:
		i.times[p.Name] = true
		return // the range of the dashboard is that
	case !isName.MatchString(p.Name):
		i.omit(name, "its name is none that a query can use")
		return
	case p.Type == parameterResource:
		i.omit(name, "chooses resources of Azure, of which there are none here")
		return
	case p.Type == parameterText:
	case p.Type == parameterDropDown || p.Type == parameterOptions:
		if p.Multi {
			i.omit(name, "chooses several values at once; one is to be chosen here")
		}
		switch {
		case p.JSONData != "":
			taken.Values = choices(p.JSONData)
		case p.Query != "" && p.QueryType == logQuery:
			taken.Query = i.query(p.Query)
		default:
			i.omit(name, "its values come from elsewhere than logs; they are typed here")
		}
	default:
		i.omit(name, "is of kind %d, which is not taken", p.Type)
		return
	}
	i.dashboard.Parameters = append(i.dashboard.Parameters, taken)
}

// choices reads the values of a drop-down: texts, or objects with a value.
func choices(text string) []string {
	var all []json.RawMessage
	if json.Unmarshal([]byte(text), &all) != nil {
		return nil
	}
	var out []string
	for _, one := range all {
		var object struct{ Value string }
		var value string
		if json.Unmarshal(one, &value) != nil {
			if json.Unmarshal(one, &object) != nil {
				continue
			}
			value = object.Value
		}
		if value != "" && len(out) < maxChoices {
			out = append(out, value)
		}
	}
	return out
}

func (i *workbookImport) steps(steps []step, width int) {
	for _, s := range steps {
		i.step(s, width)
	}
}

func (i *workbookImport) step(s step, width int) {
	name := cmp.Or(s.Content.Title, s.Name)
	if len(s.Conditional) > 0 && s.Type != stepParameters {
		i.omit(name, "is shown under a condition; it is shown always here")
	}
	switch s.Type {
	case stepParameters: // taken already
	case stepText:
		if text := plainText(s.Content.JSON); text != "" {
			i.dashboard.Tiles = append(i.dashboard.Tiles, Tile{Width: width, Text: text})
		}
	case stepQuery:
		i.tile(s, name, width)
	case stepLinks:
		i.links(s, name)
	case stepGroup:
		i.steps(s.Content.Items, width)
	default:
		i.omit(name, "is a step of kind %d, which is not taken", s.Type)
	}
}

func (i *workbookImport) tile(s step, name string, width int) {
	c := s.Content
	if c.QueryType != logQuery || c.ResourceType != "" && c.ResourceType != logAnalytics {
		i.omit(name, "asks something else than logs (%s, kind %d)", cmp.Or(c.ResourceType, "no resource"), c.QueryType)
		return
	}
	if strings.TrimSpace(c.Query) == "" {
		i.omit(name, "has no query")
		return
	}
	query := strings.TrimSpace(i.query(c.Query))
	if rest := braces.FindString(query); rest != "" {
		i.omit(name, "refers to %s, which has no form here: change the query by hand", rest)
	}
	if kind, ok := drawn[c.Visualization]; ok && !renders.MatchString(query) {
		query += "\n| render " + kind
	}
	tile := Tile{Title: cmp.Or(c.Title, s.Name, "Query"), Query: query, Width: quarters(s.CustomWidth, width)}
	if c.Size == 3 || c.Size == 4 { // "tiny" and "small"
		tile.Height = "small"
	}
	i.dashboard.Tiles = append(i.dashboard.Tiles, tile)
}

// drawn are the charts of workbooks, by the names of render.
var drawn = map[string]string{
	"timechart": "timechart", "linechart": "linechart", "areachart": "areachart", "barchart": "columnchart", "categoricalbar": "columnchart",
	"unstackedbar": "columnchart with (kind=unstacked)", "piechart": "piechart", "scatterchart": "scatterchart", "card": "card",
}

var (
	renders = regexp.MustCompile(`(?i)\|\s*render\b`)
	braces  = regexp.MustCompile(`\{[A-Za-z_$][\w:$.]*\}`)
	// Whole conditions on a time parameter, which the time range is instead.
	timeCondition = regexp.MustCompile(`(?i)\|\s*where\s+TimeGenerated\s*(?:>=?\s*)?\{(\w+)(?::(?:start|value|query))?\}\s*?(\n|\||$)`)
	reference     = regexp.MustCompile(`["']?\{([A-Za-z_]\w*)(?::([a-z]+))?\}["']?`)
)

// query gives a workbook's query the form of a dashboard's: parameters become
// names, and the time range is that of the dashboard.
func (i *workbookImport) query(text string) string {
	text = timeCondition.ReplaceAllStringFunc(text, func(found string) string {
		part := timeCondition.FindStringSubmatch(found)
		if !i.times[part[1]] {
			return found
		}
		return strings.TrimPrefix(part[2], "\n")
	})
	return reference.ReplaceAllStringFunc(text, func(found string) string {
		part := reference.FindStringSubmatch(found)
		if i.times[part[1]] && part[2] == "grain" {
			return defaultGrain
		}
		for _, p := range i.dashboard.Parameters {
			if p.Name == part[1] && (part[2] == "" || part[2] == "value") {
				return p.Name
			}
		}
		return found
	})
}

func (i *workbookImport) links(s step, name string) {
	tile := Tile{Title: s.Content.Title}
	for _, l := range s.Content.Links {
		if l.Target != "Url" || !strings.HasPrefix(l.Value, "https://") {
			i.omit(cmp.Or(l.Label, name), "is a link of kind %s; only addresses are taken", cmp.Or(l.Target, "unknown"))
			continue
		}
		tile.Links = append(tile.Links, Link{Title: cmp.Or(l.Label, l.Value), URL: l.Value})
	}
	if len(tile.Links) > 0 {
		i.dashboard.Tiles = append(i.dashboard.Tiles, tile)
	}
}

// quarters turns a width in per cent into quarters of the page.
func quarters(percent string, otherwise int) int {
	var n float64
	if _, err := fmt.Sscan(percent, &n); err != nil || n <= 0 {
		return otherwise
	}
	return max(1, min(4, int(n/25+0.5)))
}

var (
	markupLink  = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
	markupSigns = regexp.MustCompile("(?m)^#+\\s*|[*_`]{1,3}|<[^>]*>")
)

// plainText takes the signs of Markdown off a text.
func plainText(markdown string) string {
	return strings.TrimSpace(markupSigns.ReplaceAllString(markupLink.ReplaceAllString(markdown, "$1"), ""))
}
