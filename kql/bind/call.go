package bind

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // for isZone

	"github.com/quoll/quoll/kql/builtin"
	"github.com/quoll/quoll/kql/plan"
	"github.com/quoll/quoll/kql/source"
	"github.com/quoll/quoll/kql/syntax"
	"github.com/quoll/quoll/kql/types"
)

// scalarCall binds a function call inside an expression.
func (b *binder) scalarCall(x *syntax.Call, r *rowScope) plan.Expr {
	if v := r.scope.find(x.Func.Text); v != nil && v.function != nil {
		return b.userFunction(v.function, x.Args, x, r)
	}
	if r.inner != nil && len(x.Args) == 0 {
		if e := r.inner.call(x.Func.Text); e != nil {
			return e
		}
	}
	if r.match != nil && graphFunctions[x.Func.Text] {
		return r.match.call(x, r)
	}
	f, ok := b.functions.Lookup(x.Func.Text)
	if !ok || f.Kind == builtin.Operator || f.Kind == builtin.Plugin {
		b.noFunction(x.Func)
		return unknown
	}
	switch f.Kind {
	case builtin.Context:
		return b.contextCall(x, f, r)
	case builtin.Aggregate:
		return b.aggregateCall(x, f, r)
	case builtin.Window:
		return b.windowCall(x, f, r)
	}
	if f.Name == "pack_array" && len(x.Args) == 1 && isStar(x.Args[0]) {
		return b.packStar(r)
	}
	args, ok := b.scalars(x.Args, r)
	if !ok {
		return unknown
	}
	value := b.apply(x, f, args)
	if columns := f.Tuple(); len(columns) > 0 && !bad(value) {
		return b.tupleElement(value, 0, columns[0].Type) // of several values an expression takes the first
	}
	return value
}

// noFunction reports a function that Quoll lacks, or that nobody has.
func (b *binder) noFunction(name *syntax.Name) {
	if b.refused(name, "function "+name.Text+"()") {
		return
	}
	names := b.functionNames(func(k builtin.Kind) bool { return k != builtin.Operator && k != builtin.Plugin })
	remedy := functionHabits[strings.ToLower(name.Text)]
	if remedy != "" {
		remedy = `did you mean "` + remedy + `"?`
	} else {
		remedy = didYouMean(name.Text, names)
	}
	b.src.Add(source.Diagnostic{Span: name.Span(), Message: `no function "` + name.Text + `"`, Remedy: remedy})
}

// noPlugin reports a plugin that Quoll lacks, or that nobody has.
func (b *binder) noPlugin(name *syntax.Name) {
	if b.refused(name, "plugin "+name.Text) {
		return
	}
	names := b.functionNames(func(k builtin.Kind) bool { return k == builtin.Plugin })
	b.src.Add(source.Diagnostic{Span: name.Span(), Message: `no plugin "` + name.Text + `"; plugins are ` + enumerate(nearestFirst(name.Text, names)), Remedy: didYouMean(name.Text, names)})
}

func (b *binder) functionNames(want func(builtin.Kind) bool) []string {
	var names []string
	for _, f := range b.functions.Functions() {
		if want(f.Kind) {
			names = append(names, f.Name)
		}
	}
	return names
}

// refused reports a name that Kusto or Defender has and Quoll lacks, with the
// reason when it will not come.
func (b *binder) refused(name *syntax.Name, what string) bool {
	if reason := b.functions.WhyAbsent(name.Text); reason != "" {
		b.src.Add(source.Diagnostic{Span: name.Span(), Message: "the " + what + " is not supported", Remedy: reason})
		return true
	}
	if b.functions.Absent(name.Text) {
		b.errorf(name.Span(), "the %s is not supported yet", what)
		return true
	}
	return false
}

// packStar binds pack_array(*), an array of all columns.
func (b *binder) packStar(r *rowScope) plan.Expr {
	var columns []plan.Expr
	for _, f := range r.rel.fields {
		columns = append(columns, &plan.Ref{Column: f.column})
	}
	return b.callBuiltin("pack_array", types.Dynamic, columns...)
}

// scalars binds arguments; ok is false when one of them has a mistake.
func (b *binder) scalars(xs []syntax.Expr, r *rowScope) (args []plan.Expr, ok bool) {
	ok = true
	args = make([]plan.Expr, len(xs))
	for i, x := range xs {
		if t, isType := x.(*syntax.TypeOf); isType {
			args[i] = &plan.Literal{Of: t.Type}
			continue
		}
		args[i] = b.scalar(x, r)
		ok = ok && !bad(args[i])
	}
	return args, ok
}

// apply chooses the overload of f that fits the arguments best, converts them
// to what it asks for, and gives the call.
func (b *binder) apply(x *syntax.Call, f *builtin.Function, args []plan.Expr) plan.Expr {
	return b.applyTo(x, f, args, constant)
}

// applyTo is apply where more than constants has the same value for all rows.
func (b *binder) applyTo(x *syntax.Call, f *builtin.Function, args []plan.Expr, same func(plan.Expr) bool) plan.Expr {
	if f.Canonical() == "iff" && len(args) == 3 {
		args = mixedBranches(args)
	}
	best, cost := -1, 0
	for i, o := range f.Overloads {
		if c, ok := fit(o, args, x.Args); ok && (best < 0 || c < cost) {
			best, cost = i, c
		}
	}
	if best < 0 {
		b.misfit(x, f, args)
		return unknown
	}
	o := f.Overloads[best]
	for i, a := range x.Args {
		if p := o.Param(i); p.Constant && !same(args[i]) {
			b.src.Add(source.Diagnostic{
				Span: a.Span(), Message: fmt.Sprintf("the argument %q of %s() must be a constant", p.Name, f.Name),
				Remedy: insteadOfConstant(p.Name, f),
			})
			return unknown
		}
	}
	if f.Canonical() == "bag_pack" && len(args)%2 != 0 {
		b.errorf(x.Span(), "%s() takes keys and values in turn, so an even number of arguments, not %d", f.Name, len(args))
		return unknown
	}
	if f.Name == "countof" && len(args) == 3 && !constant(args[1]) {
		b.errorf(x.Args[1].Span(), "a regular expression must be a constant")
		return unknown
	}
	converted, t := convertArgs(o, args)
	if converted == nil {
		b.misfit(x, f, args)
		return unknown
	}
	if !b.checkConstants(x, f, o, converted) {
		return unknown
	}
	if f.Name == "todynamic" || f.Name == "parse_json" || f.Of == "todynamic" || f.Of == "parse_json" {
		return parseJSON(converted[0])
	}
	if to, ok := conversions[f.Canonical()]; ok {
		return convert(converted[0], to)
	}
	if f.Of != "" {
		f = b.functions.Must(f.Of)
	}
	return fold(&plan.Call{Function: f, Args: converted, Of: t})
}

// mixedBranches makes the branches of iff() dynamic where they have no type in
// common, as Microsoft's binder does for iff() and case() and for nothing else.
func mixedBranches(args []plan.Expr) []plan.Expr {
	if _, ok := branchType(args[1:]); ok {
		return args
	}
	return []plan.Expr{args[0], convert(args[1], types.Dynamic), convert(args[2], types.Dynamic)}
}

// checkConstants reports constants that no engine could use: a regular
// expression that cannot be read, a part of a date that nobody knows. It puts
// regular expressions into the one spelling that engines share.
func (b *binder) checkConstants(x *syntax.Call, f *builtin.Function, o builtin.Overload, args []plan.Expr) bool {
	for i, a := range args {
		p := o.Param(i)
		l, ok := a.(*plan.Literal)
		if !ok && a.Type() == types.String && slices.Contains(writtenOut, p.Name) && p.Constant {
			b.errorf(x.Args[i].Span(), "the argument %q of %s() must be a constant text", p.Name, f.Name)
			return false
		}
		if !ok && slices.Contains(writtenDown[f.Canonical()], p.Name) {
			b.errorf(x.Args[i].Span(), "the argument %q of %s() must be written down, and not computed", p.Name, f.Name)
			return false
		}
		if !ok || l.Of != types.String {
			continue
		}
		text, _ := l.Value.(string)
		switch name := p.Name; {
		case name == "regex" || f.Name == "countof" && name == "search" && len(args) > 2:
			pattern, ok := b.pattern(x.Args[i], text)
			if !ok {
				return false
			}
			args[i] = &plan.Literal{Of: types.String, Value: pattern}
		case name == "parser" && text != "windows":
			b.errorf(x.Args[i].Span(), `no parser %q of command lines; there is "windows"`, text)
			return false
		case name == "zone" && !isZone(text):
			b.errorf(x.Args[i].Span(), "no time zone %q; names are those of the IANA database, such as Europe/Berlin", text)
			return false
		case name == "path" && f.Canonical() == "extract_json" && looseMember.MatchString(text) && jsonPath.MatchString(looseMember.ReplaceAllString(text, "].$1")):
			args[i] = &plan.Literal{Of: types.String, Value: looseMember.ReplaceAllString(text, "].$1")}
		case name == "path" && f.Canonical() == "extract_json" && !jsonPath.MatchString(text):
			b.errorf(x.Args[i].Span(), "the JSON path cannot be read; it names one value, as $.a.b[0] or $['a b'] does")
			return false
		case name == "part" && !slices.Contains(dateParts, strings.ToLower(text)):
			b.src.Add(source.Diagnostic{Span: x.Args[i].Span(), Message: "no part " + strconv.Quote(text) + " of a date; parts are " + strings.Join(dateParts, ", "), Remedy: didYouMean(text, dateParts)})
			return false
		}
	}
	return true
}

// isZone reports whether a name is one of the IANA database, which is compiled
// in: what a query means does not depend on the machine.
func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil && name != "" && name != "Local"
}

// looseMember is a member that follows an index without a dot, as published
// queries have it: $['EventData']['Data'][8]#text.
var looseMember = regexp.MustCompile(`\]([^.\[\]"'*?\\\x00-\x20])`)

// jsonPath is the form of a path to one value: members by name, quoted or not,
// and elements by number.
var jsonPath = regexp.MustCompile(`^\$(\.[^.\[\]"'*?\\\x00-\x20]+|\."[^"*\\\x00-\x1f]+"|\[-?[0-9]{1,9}\]|\['[^'"*\\\x00-\x1f]+'\]|\["[^'"*\\\x00-\x1f]+"\])*$`)

var dateParts = []string{"year", "quarter", "month", "week", "week_of_year", "day", "dayofyear", "hour", "minute", "second", "millisecond", "microsecond", "nanosecond"}

// conversions are the functions that the plan knows as Convert.
var conversions = map[string]types.Type{
	"tostring": types.String, "tolong": types.Long, "toint": types.Int, "todouble": types.Real, "todecimal": types.Decimal,
	"todatetime": types.DateTime, "totimespan": types.TimeSpan, "tobool": types.Bool, "toguid": types.Guid,
}

// misfit reports arguments that no overload takes.
func (b *binder) misfit(x *syntax.Call, f *builtin.Function, args []plan.Expr) {
	least, most := f.Overloads[0].Bounds()
	for _, o := range f.Overloads[1:] {
		l, m := o.Bounds()
		least = min(least, l)
		if most >= 0 && (m < 0 || m > most) {
			most = m
		}
	}
	if n := len(args); n < least || most >= 0 && n > most {
		b.src.Add(source.Diagnostic{
			Span: x.Span(), Message: fmt.Sprintf("%s() takes %s, not %d", f.Name, howMany(least, most), n),
			Remedy: "it is " + forms(f),
		})
		return
	}
	b.src.Add(source.Diagnostic{
		Span: x.Span(), Message: f.Name + "() does not take (" + typesOf(args) + "); it is " + forms(f),
		Remedy: wrongArgument(f, args, x.Args),
	})
}

// forms are all the ways to call f.
func forms(f *builtin.Function) string {
	all := make([]string, len(f.Overloads))
	for i, o := range f.Overloads {
		all[i] = f.Name + o.String()
	}
	return strings.Join(all, " or ")
}

// wrongArgument names the first argument that does not fit, where there is one
// way to call f.
func wrongArgument(f *builtin.Function, args []plan.Expr, xs []syntax.Expr) string {
	if len(f.Overloads) != 1 {
		return ""
	}
	for i, a := range args {
		p := f.Overloads[0].Param(i)
		_, isType := xs[i].(*syntax.TypeOf)
		if _, ok := accept(p, a.Type(), isType); !ok {
			return fmt.Sprintf("the argument %s is a %s", p, a.Type())
		}
	}
	return ""
}

func howMany(least, most int) string {
	plural := func(n int) string {
		if n == 1 {
			return "1 argument"
		}
		return fmt.Sprintf("%d arguments", n)
	}
	switch {
	case most < 0:
		return plural(least) + " or more"
	case least == most:
		return plural(least)
	}
	return fmt.Sprintf("%d to %s", least, plural(most))
}

// The costs of a conversion that an overload asks for.
const (
	costWiden   = 1
	costText    = 2
	costDynamic = 4
)

// fit reports whether an overload takes the arguments, and how much must be
// converted for it.
func fit(o builtin.Overload, args []plan.Expr, xs []syntax.Expr) (cost int, ok bool) {
	least, most := o.Bounds()
	if len(args) < least || most >= 0 && len(args) > most {
		return 0, false
	}
	for i, a := range args {
		_, isType := xs[i].(*syntax.TypeOf)
		c, ok := accept(o.Param(i), a.Type(), isType)
		if !ok {
			return 0, false
		}
		cost += c
	}
	return cost, true
}

func accept(p builtin.Param, t types.Type, isType bool) (cost int, ok bool) {
	if isType || p.Accept == builtin.TypeName {
		return 0, isType && p.Accept == builtin.TypeName
	}
	switch p.Accept {
	case builtin.AnyScalar, builtin.CommonType, builtin.ColumnName:
		return 0, true
	case builtin.AsText:
		if t == types.String {
			return 0, true
		}
		return costText, true
	case builtin.AnyOrder:
		return 0, t != types.Dynamic
	case builtin.Exactly:
		switch {
		case t == p.Type:
			return 0, true
		case types.Widens(t, p.Type), t == types.Decimal && p.Type == types.Real:
			return costWiden, true
		case p.Type == types.Dynamic && t == types.String:
			return costDynamic, true
		}
	case builtin.AnyNumber:
		if t.Numeric() {
			return 0, true
		}
	case builtin.AnyInteger:
		if t.Integer() {
			return 0, true
		}
	case builtin.AnySum:
		if t.Summable() || t == types.DateTime {
			return 0, true
		}
	}
	return costDynamic, t == types.Dynamic
}

// convertArgs converts arguments that fit an overload to what it asks for and
// gives the type of the result; nil when common arguments have no common type.
func convertArgs(o builtin.Overload, args []plan.Expr) ([]plan.Expr, types.Type) {
	common, ok := commonType(o, args)
	if !ok {
		return nil, types.Unknown
	}
	converted := make([]plan.Expr, len(args))
	for i, a := range args {
		p := o.Param(i)
		switch p.Accept {
		case builtin.AsText:
			a = convert(a, types.String)
		case builtin.Exactly:
			if p.Type == types.Dynamic && a.Type() == types.String {
				a = parseJSON(a)
			}
			a = convert(a, p.Type)
		case builtin.CommonType:
			a = convert(a, common)
		case builtin.AnyNumber, builtin.AnySum:
			if a.Type() == types.Dynamic {
				a = convert(a, types.Real)
			}
		case builtin.AnyInteger:
			if a.Type() == types.Dynamic {
				a = convert(a, types.Long)
			}
		}
		converted[i] = a
	}
	return converted, returnType(o, converted, common)
}

func commonType(o builtin.Overload, args []plan.Expr) (types.Type, bool) {
	var branches []plan.Expr
	for i, a := range args {
		if o.Param(i).Accept == builtin.CommonType {
			branches = append(branches, a)
		}
	}
	return branchType(branches)
}

// branchType is the common type of the branches of iff(), case(), coalesce()
// and the like. As in Kusto a dynamic branch takes the type of the others.
func branchType(branches []plan.Expr) (types.Type, bool) {
	t := types.Unknown
	for _, e := range branches {
		if e.Type() == types.Dynamic {
			continue
		}
		common, ok := types.Common(t, e.Type())
		if !ok {
			return types.Unknown, false
		}
		t = common
	}
	if t == types.Unknown && len(branches) > 0 {
		t = types.Dynamic
	}
	return t, true
}

func returnType(o builtin.Overload, args []plan.Expr, common types.Type) types.Type {
	switch o.Returns {
	case builtin.First:
		return args[0].Type()
	case builtin.Second:
		return args[1].Type()
	case builtin.Promoted:
		if t := args[0].Type(); t != types.Int {
			return t
		}
		return types.Long
	case builtin.Widest:
		t := types.Unknown
		for _, a := range args {
			t, _ = types.Common(t, a.Type())
		}
		if t == types.Int {
			return types.Long
		}
		return t
	case builtin.Common:
		return common
	case builtin.Literal:
		return args[len(args)-1].Type()
	}
	return o.Type
}
