package intel

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// stixObject is what is read of an object of STIX 2.1.
// https://docs.oasis-open.org/cti/stix/v2.1/os/stix-v2.1-os.html
type stixObject struct {
	Type           string   `json:"type"`
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Description    string   `json:"description"`
	Pattern        string   `json:"pattern"`
	PatternType    string   `json:"pattern_type"`
	Created        string   `json:"created"`
	Modified       string   `json:"modified"`
	ValidFrom      string   `json:"valid_from"`
	ValidUntil     string   `json:"valid_until"`
	Revoked        bool     `json:"revoked"`
	Confidence     *int     `json:"confidence"`
	Labels         []string `json:"labels"`
	IndicatorTypes []string `json:"indicator_types"`
	Markings       []string `json:"object_marking_refs"`
}

// ParseSTIX reads the indicators of a bundle, or of a list of objects. What it
// cannot take is told with its reason; objects of other types say nothing.
func ParseSTIX(source string, text []byte) (indicators []Indicator, skipped []Skipped, err error) {
	var bundle struct {
		Objects []json.RawMessage `json:"objects"`
	}
	if err := json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &bundle); err != nil {
		return nil, nil, fmt.Errorf("%w: STIX: %w", ErrInvalid, err)
	}
	if bundle.Objects == nil {
		return nil, nil, fmt.Errorf("%w: STIX: there is no list \"objects\"", ErrInvalid)
	}
	indicators, skipped = parseObjects(source, bundle.Objects)
	return indicators, skipped, nil
}

func parseObjects(source string, objects []json.RawMessage) (indicators []Indicator, skipped []Skipped) {
	for _, raw := range objects {
		var o stixObject
		if err := json.Unmarshal(raw, &o); err != nil {
			skipped = append(skipped, Skipped{Why: err.Error()})
			continue
		}
		if o.Type != "indicator" {
			continue
		}
		found, err := o.indicators(source, raw)
		if err != nil {
			skipped = append(skipped, Skipped{o.ID, err.Error()})
			continue
		}
		indicators = append(indicators, found...)
	}
	return indicators, skipped
}

// The identifiers of TLP markings that STIX defines.
var tlp = map[string]string{
	"marking-definition--613f2e26-407d-48c7-9eca-b8e91df99dc9": "white",
	"marking-definition--34098fce-860f-48ae-8e50-ebd3cc5e41da": "green",
	"marking-definition--f88d31f6-486f-44da-b317-01333bde0b82": "amber",
	"marking-definition--5e57c739-391a-4eb3-b6be-7d15ca92d5ed": "red",
}

func (o stixObject) indicators(source string, raw json.RawMessage) ([]Indicator, error) {
	if o.PatternType != "" && o.PatternType != "stix" {
		return nil, fmt.Errorf("pattern type %q; stix is understood", o.PatternType)
	}
	observables, err := parsePattern(o.Pattern)
	if err != nil {
		return nil, err
	}
	base := Indicator{
		ID: o.ID, Source: source, Pattern: o.Pattern, Confidence: -1, Description: strings.TrimSpace(o.Name + "\n" + o.Description),
		Labels: append(o.IndicatorTypes, o.Labels...), Revoked: o.Revoked, Raw: raw,
	}
	if o.Confidence != nil {
		base.Confidence = *o.Confidence
	}
	for _, marking := range o.Markings {
		if level := tlp[marking]; level != "" {
			base.TLP = level
		}
	}
	for _, t := range []struct {
		text string
		into *time.Time
	}{{o.Created, &base.Created}, {o.Modified, &base.Modified}, {o.ValidFrom, &base.ValidFrom}, {o.ValidUntil, &base.ValidUntil}} {
		if t.text == "" {
			continue
		}
		if *t.into, err = time.Parse(time.RFC3339Nano, t.text); err != nil {
			return nil, fmt.Errorf("time %q: %w", t.text, err)
		}
	}
	var all []Indicator
	for _, seen := range observables {
		one := base
		one.Key, one.Value = seen[0], seen[1]
		all = append(all, one)
	}
	return all, nil
}

var (
	comparison = regexp.MustCompile(`^\s*([a-z0-9-]+:[A-Za-z0-9_.'-]+)\s*=\s*'((?:[^'\\]|\\.)*)'\s*`)
	orWord     = regexp.MustCompile(`^\s*OR\s+`)
)

// parsePattern reads a pattern of equalities joined by OR: each is an observable
// of its own. A pattern that wants several at once says nothing about one of them
// alone and is refused.
func parsePattern(pattern string) (observables [][2]string, err error) {
	// [a OR b] and [a] OR [b] mean the same here.
	rest := strings.TrimSpace(pattern)
	for {
		rest = strings.TrimLeft(rest, "[ (")
		m := comparison.FindStringSubmatch(rest)
		if m == nil {
			return nil, fmt.Errorf("pattern %s: equalities joined by OR are understood", pattern)
		}
		key, value := strings.ReplaceAll(m[1], "'", ""), strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(m[2])
		if !known(key) {
			return nil, fmt.Errorf("pattern %s: %s is nothing that mail or audit records have", pattern, key)
		}
		observables = append(observables, [2]string{key, settled(key, value)})
		rest = strings.TrimLeft(rest[len(m[0]):], "]) ")
		if rest == "" {
			return observables, nil
		}
		or := orWord.FindString(rest)
		if or == "" {
			return nil, fmt.Errorf("pattern %s: equalities joined by OR are understood", pattern)
		}
		rest = rest[len(or):]
	}
}

func known(key string) bool {
	switch key {
	case "ipv4-addr:value", "ipv6-addr:value", "domain-name:value", "url:value", "email-addr:value", "email-message:sender_ref.value", "email-message:from_ref.value":
		return true
	}
	return strings.HasPrefix(key, "file:hashes.")
}

// settled gives a value the form in which records have it.
func settled(key, value string) string {
	value = strings.TrimSpace(value)
	if key == "url:value" {
		return value
	}
	return strings.ToLower(value)
}

// csvKinds are what the column type may say.
var csvKinds = map[string]string{
	"ip": "ipv4-addr:value", "ipv4": "ipv4-addr:value", "ipv6": "ipv6-addr:value", "ipv4-addr": "ipv4-addr:value", "ipv6-addr": "ipv6-addr:value", "domain": "domain-name:value",
	"domain-name": "domain-name:value", "url": "url:value", "email": "email-addr:value", "email-addr": "email-addr:value", "sha256": "file:hashes.SHA-256", "sha1": "file:hashes.SHA-1", "md5": "file:hashes.MD5",
}

// ParseCSV reads indicators from lines with the columns type and value, and
// perhaps id, confidence, valid_until, description and labels (with semicolons).
func ParseCSV(source string, text []byte) (indicators []Indicator, skipped []Skipped, err error) {
	reader := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	head, err := reader.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: CSV: %w", ErrInvalid, err)
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(name))] = i + 1
	}
	if at["type"] == 0 || at["value"] == 0 {
		return nil, nil, fmt.Errorf("%w: CSV: the first line has to name the columns type and value", ErrInvalid)
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return indicators, skipped, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: CSV: %w", ErrInvalid, err)
		}
		line, _ := reader.FieldPos(0)
		i, err := csvIndicator(source, func(column string) string {
			if at[column] == 0 {
				return ""
			}
			return strings.TrimSpace(record[at[column]-1])
		})
		if err != nil {
			skipped = append(skipped, Skipped{fmt.Sprintf("line %d", line), err.Error()})
			continue
		}
		indicators = append(indicators, i)
	}
}

func csvIndicator(source string, cell func(string) string) (Indicator, error) {
	i := Indicator{Source: source, Confidence: -1, Key: csvKinds[strings.ToLower(cell("type"))], Description: cell("description")}
	if i.Key == "" {
		return i, fmt.Errorf("type %q; it is ip, domain, url, email, sha256, sha1 or md5", cell("type"))
	}
	i.Value = settled(i.Key, cell("value"))
	if i.Value == "" {
		return i, errors.New("there is no value")
	}
	if address, err := netip.ParseAddr(i.Value); err == nil && address.Is6() {
		i.Key = "ipv6-addr:value"
	}
	if i.ID = cell("id"); i.ID == "" {
		i.ID = i.Key + "=" + i.Value
	}
	var err error
	if text := cell("confidence"); text != "" {
		if i.Confidence, err = strconv.Atoi(text); err != nil || i.Confidence < 0 || i.Confidence > 100 {
			return i, fmt.Errorf("confidence %q; it is 0 to 100", text)
		}
	}
	if text := cell("valid_until"); text != "" {
		if i.ValidUntil, err = time.Parse(time.RFC3339, text); err != nil {
			return i, fmt.Errorf("valid_until %q; write it as 2026-12-31T00:00:00Z", text)
		}
	}
	for label := range strings.SplitSeq(cell("labels"), ";") {
		if label = strings.TrimSpace(label); label != "" {
			i.Labels = append(i.Labels, label)
		}
	}
	i.Pattern = fmt.Sprintf("[%s = '%s']", i.Key, strings.ReplaceAll(i.Value, "'", `\'`))
	return i, nil
}
