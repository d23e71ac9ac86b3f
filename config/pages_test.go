package config

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// keysOf returns the keys of a section, with the sections they are in. Keys of a
// section that stands in several are below "…".
func keysOf(t reflect.Type, prefix string) []string {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t == reflect.TypeFor[yaml.Node]() {
		t = reflect.TypeFor[lakeStoreSection]()
	}
	if t.Kind() != reflect.Struct || t == reflect.TypeFor[ending]() {
		return []string{strings.TrimSuffix(prefix, ".")}
	}
	var all []string
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
		switch {
		case strings.Contains(options, "inline"):
			all = append(all, keysOf(t.Field(i).Type, "….")...)
		case name != "":
			all = append(all, keysOf(t.Field(i).Type, prefix+name+".")...)
		}
	}
	return all
}

// TestThePageHasEveryKey: nobody finds a key that stands in the code alone, and one
// that is on the page and not in the code is refused.
func TestThePageHasEveryKey(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	for line := range strings.Lines(string(text)) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		first, _, _ := strings.Cut(line[2:], " | ")
		for key := range strings.SplitSeq(first, ", ") {
			written = append(written, strings.Trim(key, "`"))
		}
	}
	known := keysOf(reflect.TypeFor[file](), "")
	slices.Sort(known)
	known = slices.Compact(known)
	for _, key := range known {
		if !slices.Contains(written, key) {
			t.Errorf("docs/configuration.md lacks %s", key)
		}
	}
	for i, key := range written {
		if !slices.Contains(known, key) {
			t.Errorf("docs/configuration.md has %s, which is no key", key)
		}
		if slices.Contains(written[:i], key) {
			t.Errorf("docs/configuration.md has %s twice", key)
		}
	}
	if len(known) < 100 {
		t.Errorf("%d keys were found in the code", len(known))
	}
}

var yamlBlock = regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```$")

// Blocks that begin so are another program's, or another kind of file.
var otherFiles = []string{"# prometheus.yml", "groups:", "title:", "id:"}

// TestThePagesHaveKeysThatAreTaken: what is copied out of a page into the
// configuration is not refused for its keys. A block may be of any section that a
// tenant has, as the page says which.
func TestThePagesHaveKeysThatAreTaken(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	read := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, block := range yamlBlock.FindAllStringSubmatch(string(text), -1) {
			example := unindented(block[2])
			if slices.ContainsFunc(otherFiles, func(begin string) bool { return strings.HasPrefix(example, begin) }) {
				continue
			}
			read++
			if err := takenSomewhere(example); err != nil {
				t.Errorf("%s:\n%s\n%v", page, example, err)
			}
		}
	}
	if read < 20 {
		t.Errorf("%d examples were found", read)
	}
}

// unindented takes away what stands before the least indented line.
func unindented(text string) string {
	least := -1
	lines := strings.Split(text, "\n")
	for _, line := range lines {
		indent := len(line) - len(strings.TrimLeft(line, " "))
		if strings.TrimSpace(line) != "" && (least < 0 || indent < least) {
			least = indent
		}
	}
	for i, line := range lines {
		lines[i] = line[min(max(least, 0), len(line)):]
	}
	return strings.Join(lines, "\n")
}

func takenSomewhere(example string) error {
	var problems []error
	for _, into := range []any{new(file), new(tenant), new(activitySection)} {
		decoder := yaml.NewDecoder(bytes.NewReader([]byte(example)))
		decoder.KnownFields(true)
		err := decoder.Decode(into)
		if err == nil || errors.Is(err, io.EOF) {
			return nil
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}
