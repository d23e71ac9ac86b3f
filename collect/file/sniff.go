package file

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/model"
)

// ErrUnknownFormat says that a file holds none of the formats Quoll imports.
var ErrUnknownFormat = errors.New("unknown format")

const utf8Mark = "\xEF\xBB\xBF"

// sniffObjects is how many objects of a file are looked at.
const sniffObjects = 100

// Sniff finds the format of a text from its first bytes; whole says that they
// are all of it. The error wraps ErrUnknownFormat and says what was seen
// instead.
func Sniff(head []byte, whole bool) (model.Format, error) {
	if bytes.HasPrefix(head, []byte("\xFF\xFE")) || bytes.HasPrefix(head, []byte("\xFE\xFF")) {
		return "", fmt.Errorf("%w: the text is in UTF-16; save it as UTF-8", ErrUnknownFormat)
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte(utf8Mark)), " \t\r\n")
	if len(text) > 0 && (text[0] == '{' || text[0] == '[') {
		return sniffJSON(text, whole)
	}
	return sniffCSV(text, whole)
}

// sniffJSON goes by the names of the members of the first objects that decide.
func sniffJSON(text []byte, whole bool) (model.Format, error) {
	scanner := split.NewScanner(len(text))
	seen := ""
	for at, n := 0, 0; n < sniffObjects; n++ {
		token := scanner.JSON(text[at:], whole)
		if token.Kind == split.More || token.Kind == split.End {
			break
		}
		object := text[at+token.Start : at+token.End]
		listed := at == 0 && token.Start > 0
		at += token.End
		var members map[string]json.RawMessage
		if token.Kind != split.Record || json.Unmarshal(object, &members) != nil {
			continue
		}
		switch {
		case isDefender(members):
			return model.FormatDefenderLines, nil
		case has(members, "OfficeId") && has(members, "OfficeWorkload"):
			return model.FormatOfficeActivityJSON, nil
		case !isAudit(members):
			seen = nameObject(members, seen)
		case text[0] == '[' || listed || bytes.IndexByte(object, '\n') >= 0:
			return model.FormatAuditArray, nil
		default:
			return model.FormatAuditLines, nil
		}
	}
	if seen == "" {
		seen = "no complete JSON object at the start"
	}
	return "", fmt.Errorf("%w: %s", ErrUnknownFormat, seen)
}

func isDefender(members map[string]json.RawMessage) bool {
	return has(members, "category") && (has(members, "properties") || has(members, "operationName"))
}

// isAudit takes an audit record by its common fields, and the wrappers of audit
// search by the record inside.
func isAudit(members map[string]json.RawMessage) bool {
	if has(members, "AuditData") || has(members, "auditData") {
		return true
	}
	return has(members, "CreationTime") && (has(members, "Id") || has(members, "RecordType") || has(members, "Operation"))
}

func has(members map[string]json.RawMessage, name string) bool {
	_, ok := members[name]
	return ok
}

// nameObject says what an object of no known format seems to be.
func nameObject(members map[string]json.RawMessage, seen string) string {
	switch {
	case seen != "":
		return seen
	case has(members, "Timestamp"):
		return "JSON rows of advanced hunting, which do not name their table: --format defender-lines keeps them whole in DefenderEvents; records of the streaming export go to their tables"
	}
	return "JSON objects without the fields of an audit record or of a Defender streaming record"
}

// sniffCSV goes by the names in the first line.
func sniffCSV(text []byte, whole bool) (model.Format, error) {
	scanner := split.NewScanner(len(text))
	for at := 0; ; {
		token := scanner.CSV(text[at:], whole)
		if token.Kind != split.Record {
			return "", fmt.Errorf("%w: neither JSON nor CSV", ErrUnknownFormat)
		}
		line := text[at+token.Start : at+token.End]
		at += token.End
		if bytes.HasPrefix(line, []byte("#TYPE")) {
			continue
		}
		names := split.Fields(nil, line)
		for i := range names {
			names[i] = strings.TrimSpace(names[i])
		}
		switch {
		case slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, "AuditData") }):
			return model.FormatAuditSearchCSV, nil
		case slices.Contains(names, "OfficeWorkload") && slices.Contains(names, "Operation"):
			return model.FormatOfficeActivityCSV, nil
		}
		return "", fmt.Errorf("%w: the first line names neither AuditData nor the columns of OfficeActivity", ErrUnknownFormat)
	}
}
