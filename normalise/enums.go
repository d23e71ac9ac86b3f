package normalise

import (
	"strconv"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/schema"
)

// userTypeNames are the names of UserType by number. The schema page writes
// DCAdmin; Graph and the rows of Sentinel write DcAdmin.
var userTypeNames = [...]string{
	"Regular", "Reserved", "Admin", "DcAdmin", "System", "Application", "ServicePrincipal",
	"CustomPolicy", "SystemPolicy", "PartnerTechnician", "Guest",
}

// logonTypeNames are the names of LogonType of mailbox records by number.
var logonTypeNames = [...]string{
	"Owner", "Admin", "Delegated", "Transport", "SystemService", "BestAccess", "DelegatedAdmin",
}

// enum is the names of an enumeration by number; numbers without a name have "".
type enum []string

// name returns the name of the number, the digits where it has none, and a text
// as it is: some exports carry the name already.
func (e enum) name(v jsontape.Value) string {
	switch v.Kind() {
	case jsontape.String:
		text := v.Text()
		number, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return text
		}
		return e.nameOf(number, text)
	case jsontape.Number:
		number, err := strconv.ParseInt(v.Raw(), 10, 64)
		if err == nil {
			return e.nameOf(number, "")
		}
		return v.Raw()
	}
	return ""
}

func (e enum) nameOf(number int64, text string) string {
	if number >= 0 && number < int64(len(e)) && e[number] != "" {
		return e[number]
	}
	if text != "" {
		return text
	}
	return strconv.FormatInt(number, 10)
}

// number returns the number of a value that is a number or a name.
func (e enum) number(v jsontape.Value) (int64, bool) {
	if v.Kind() != jsontape.String {
		return toInt64(v)
	}
	if number, ok := toInt64(v); ok {
		return number, true
	}
	text := v.Text()
	for number, name := range e {
		if name != "" && name == text {
			return int64(number), true
		}
	}
	return 0, false
}

// text is a conversion for string columns: the name, see name.
func (e enum) text(_ *worker, v jsontape.Value) (schema.Value, bool) {
	if isAbsent(v) {
		return schema.Null(), true
	}
	name := e.name(v)
	return schema.String(name), name != ""
}

// long is a conversion for long columns: the number of a number or a name.
func (e enum) long(_ *worker, v jsontape.Value) (schema.Value, bool) {
	if isAbsent(v) {
		return schema.Null(), true
	}
	number, ok := e.number(v)
	return schema.Long(number), ok
}

// knows says that the number has a name.
func (e enum) knows(number int64) bool {
	return number >= 0 && number < int64(len(e)) && e[number] != ""
}
