package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// refusedByRule is a call that Microsoft's binder takes although it has no
// meaning: the reference gives it none, or the engine is known to refuse it.
const refusedByRule verdict = "refused by Quoll with a reason"

// ruling is why calls are refused: the functions, what Quoll says of such a call,
// and what the reference says, or the engine.
type ruling struct {
	functions, says, reason string
}

var rulings = []ruling{
	{"percentile percentiles percentiles_array percentilew percentilesw percentilesw_array", "a percentage must be a constant", "the percentage is a constant, and a part of the column's name"},
	{"assert", "must be a constant", "the condition is evaluated to a constant before the query runs"},
	{"parse_command_line", "no parser", `"windows" is the only parser`},
	{"bin_auto", "has no size", "the size is that of set query_bin_auto_size"},
	{"datetime_utc_to_local datetime_local_to_utc", "no time zone", "the time zone is one of a list"},
	{"current_principal_is_member_of", "takes constant strings", "anything but literals is an error"},
	{"cursor_after cursor_before_or_at", "cursor", "the cursor is empty or one that cursor_current() gave"},
	{"extract_json extractjson", "the JSON path cannot be read", "the path is a JSONPath"},
	{"binary_all_and binary_all_or binary_all_xor", "does not take", "the value is a long"},
	{"geo_polygon_to_s2cells geo_line_to_s2cells geo_polygon_to_h3cells geo_h3cell_rings geo_h3cell_parent geo_h3cell_children", "does not take", "levels, resolutions and distances are integers"},
	{"array_sort_asc array_sort_desc", "does not take (bool)", "what is sorted is an array"},
	{"bin floor", "does not take (datetime, datetime)", "the size is a number or a timespan"},
	{"bin_at", "does not take", "the size of timespans and datetimes is a timespan, and the fixed point a value of the same type"},
	{"== !=", "cannot compare a", noComparison},
	{"in !in", "cannot look for a", noComparison},
	{"make_list make_list_if make_set make_set_if make_bag make_bag_if makelist makeset make_dictionary", "must be a constant", "the limit is the greatest number of elements of a list, and here each row says another; what a key says is taken"},
	{"hll hll_if", "must be a constant", "the accuracy is that of a whole sketch, and here each row says another"},
	{"prev next", "the default of", "the default stands for a value of the column, and is none of its type"},
	{"negate", "not a datetime", "the arithmetic of datetimes has no negation"},
	{"range", "datetime)", "the step is a difference, between datetimes a timespan"},
}

// noComparison is the engine's own error, which its users report for comparisons
// that its binder takes.
const noComparison = `the engine says "Cannot compare values of types …, try adding explicit casts"`

// undefined is why a call is refused whose definition Microsoft's binder refuses.
const undefined = "by the operators that define it, which Microsoft's binder refuses between these types"

// ruled returns why a call that Microsoft's binder takes is rightly refused; ""
// when nothing is known that says so.
func ruled(c call, mistake error, definition map[string]answer) string {
	if d, ok := definition[c.Definition]; ok && len(d.Errors) > 0 {
		return undefined
	}
	for _, r := range rulings {
		if slices.Contains(strings.Fields(r.functions), c.Function) && strings.Contains(first(nil, mistake), r.says) {
			return r.reason
		}
	}
	return ""
}

// define returns what the reference says that a call of a function means, as a
// query of operators alone; "" where it says it otherwise.
func define(function string, args []string) string {
	switch {
	case function == "around" && len(args) == 3:
		return fmt.Sprintf("T | project v = %[1]s between ((%[2]s - %[3]s) .. (%[2]s + %[3]s))", args[0], args[1], args[2])
	case function == "range" && len(args) == 3:
		return fmt.Sprintf("T | project v = %s + %s <= %s", args[0], args[2], args[1])
	case function == "range" && len(args) == 2:
		return fmt.Sprintf("T | project v = %s <= %s", args[0], args[1])
	}
	return ""
}

// definitions are those of calls, each once, as calls to ask a binder for.
func definitions(calls []call) []call {
	seen := map[string]bool{"": true}
	var all []call
	for _, c := range calls {
		if !seen[c.Definition] {
			seen[c.Definition] = true
			all = append(all, call{Function: c.Function, Query: c.Definition})
		}
	}
	return all
}

// printReasons says how many calls each reason refuses.
func printReasons(w io.Writer, reasons map[string]int) {
	for _, reason := range slices.Sorted(maps.Keys(reasons)) {
		fmt.Fprintf(w, "%6d %s\n", reasons[reason], reason)
	}
}
