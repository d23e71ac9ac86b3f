package syntax

import (
	"fmt"
	"reflect"
	"strings"
)

// Dump returns a tree as indented text, one node a line with its fields, and
// without positions: trees that mean the same have the same dump.
func Dump(n Node) string {
	var b strings.Builder
	dump(&b, reflect.ValueOf(n), "")
	return b.String()
}

var posType = reflect.TypeFor[pos]()

func dump(b *strings.Builder, v reflect.Value, indent string) {
	for v.Kind() == reflect.Pointer || v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	b.WriteString(v.Type().Name())
	var nested []int
	for i := range v.NumField() {
		field := v.Type().Field(i)
		switch {
		case field.Type == posType || field.Name == "OpSpan":
		case isTree(field.Type):
			nested = append(nested, i)
		case field.Name == "Value":
			fmt.Fprintf(b, " Value=%#v", v.Field(i).Interface())
		case !v.Field(i).IsZero():
			fmt.Fprintf(b, " %s=%q", field.Name, fmt.Sprint(v.Field(i).Interface()))
		}
	}
	b.WriteByte('\n')
	for _, i := range nested {
		dumpField(b, v.Type().Field(i).Name, v.Field(i), indent+"  ")
	}
}

func dumpField(b *strings.Builder, name string, v reflect.Value, indent string) {
	switch {
	case v.Kind() != reflect.Slice && v.IsNil():
	case v.Kind() != reflect.Slice:
		fmt.Fprintf(b, "%s%s: ", indent, name)
		dump(b, v, indent)
	default:
		for i := range v.Len() {
			fmt.Fprintf(b, "%s%s[%d]: ", indent, name, i)
			dump(b, v.Index(i), indent)
		}
	}
}

// isTree reports whether a field holds nodes.
func isTree(t reflect.Type) bool {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	return t.Implements(reflect.TypeFor[Node]())
}
