package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/normalise"
)

// nearestTypes is how many names are given for one that there is not.
const nearestTypes = 3

// recordTypeNamed reads a record type by number or name, whatever the case of its
// letters, and returns it as Microsoft writes it. The error names those that look
// most like one that there is not.
func recordTypeNamed(text string) (string, error) {
	if _, err := strconv.ParseInt(text, 10, 64); err == nil {
		return text, nil
	}
	names := normalise.RecordTypeNames()
	for _, name := range names {
		if strings.EqualFold(name, text) {
			return name, nil
		}
	}
	unlike := map[string]int{}
	wanted := strings.ToLower(text)
	for _, name := range names {
		lower := strings.ToLower(name)
		unlike[name] = source.Distance(wanted, lower, len(name)+len(text))
		if len(text) > 3 && strings.Contains(lower, wanted) {
			unlike[name] = min(unlike[name], 2)
		}
	}
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(unlike[a], unlike[b]) })
	return "", fmt.Errorf("there is no record type %q; those most like it are %s", text, strings.Join(names[:nearestTypes], ", "))
}
