package normalise

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/jsontape"
	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/schema"
)

// maxDepth bounds how deep a record may be nested. Records of Microsoft stay
// below 15; what walks a record here does so recursively.
const maxDepth = 200

// worker is memory that is used again from payload to payload.
type worker struct {
	*memory               // of the result at work
	tape    jsontape.Tape // of records
	inner   jsontape.Tape // of JSON inside a string of a record
	buffer  []byte
	// unescaped is the text of a string that is being written.
	unescaped []byte
	log       *schema.Sheet // with the row at work: of UnifiedAuditLog, or of a Defender table
	office    *schema.Sheet // of OfficeActivity
	members   []uint32      // stack of appendObject: places on the tape
	orders    orders
	places    []uint32 // of the members of the record at work
	shapes    shapes
	// pending are the rows of the record at work.
	pending [2]schema.Row
	names   names
	fields  tally // of audit records that no column takes
	survey  survey
}

func newWorker() *worker {
	w := &worker{names: names{}, orders: orders{}, shapes: shapes{byCount: map[int][]*shape{}}, fields: tally{counters: map[string]*counter{}}}
	w.shapes.fields = &w.fields
	w.tape.Know(&w.shapes.names)
	return w
}

// json hands the objects of the body to record, one after the other. record
// returns a reason to reject the object, or "".
func (r *run) json(record func(text string, object jsontape.Value) string) {
	body := r.payload.Body
	scanner := split.NewScanner(len(body))
	line, counted := max(r.payload.Line, 1), 0
	// What is valid needs no search for its end. Reading what is not costs a
	// pass up to the end of the body at worst, which we do not spend often.
	vain := 0
	for at := 0; ; {
		start := at + split.Filler(body[at:])
		if start < len(body) && body[start] == '{' && vain < maxVain {
			if text, object, size := r.parseNext(body[start:]); size > 0 {
				if reason := record(text, object); reason == "" {
					at = start + size
					continue
				}
			}
			vain++
		}
		token := scanner.JSON(body[at:], true)
		if token.Kind == split.End {
			return
		}
		start, end := at+token.Start, at+token.End
		line += int64(bytes.Count(body[counted:start], []byte{'\n'}))
		counted = start
		reason := "no JSON object: it has no end"
		switch {
		case token.Kind != split.Record && body[start] != '{':
			reason = "no JSON object"
		case token.Kind == split.Record:
			text, object, invalid := r.parse(unsafeString(body[start:end]))
			reason = invalid
			if invalid != "" {
				end = split.Resync(body, start, end)
			} else {
				reason = record(text, object)
			}
		}
		if reason != "" {
			r.reject(line, bytes.TrimRight(body[start:end], "\r\n"), reason)
		}
		at = end
	}
}

// maxVain is how many pieces of a body that turn out to be no record are read
// as one, before each is first measured.
const maxVain = 8

// parseNext reads the object at the start of data and returns its length too, 0
// when there is no valid one.
func (w *worker) parseNext(data []byte) (text string, object jsontape.Value, size int) {
	object, size, err := w.tape.Parse(unsafeString(data), maxDepth)
	if err != nil || w.tape.HasSurrogates() {
		return "", object, 0
	}
	return unsafeString(data[:size]), object, size
}

// parse reads one object. text is the object in valid UTF-8 and valid JSON, by
// which it is kept; object is valid until the next call.
func (w *worker) parse(raw string) (text string, object jsontape.Value, invalid string) {
	object, text, err := parseClean(&w.tape, raw)
	if err != nil {
		return "", object, invalidReason(text, err)
	}
	if object.Kind() != jsontape.Object {
		return "", object, "no JSON object"
	}
	return text, object, ""
}

// parseClean reads one value, of the text as clean makes it where it has to.
func parseClean(tape *jsontape.Tape, raw string) (value jsontape.Value, text string, err error) {
	value, err = tape.ParseAll(raw, maxDepth)
	if errors.Is(err, jsontape.ErrEncoding) || err == nil && tape.HasSurrogates() {
		if text = clean(raw); text != raw {
			value, err = tape.ParseAll(text, maxDepth)
			return value, text, err
		}
	}
	return value, raw, err
}

// invalidReason says what is wrong with text without repeating it, as rejects are
// listed where not everybody may read the records, and without the place, as
// they are counted by reason.
func invalidReason(text string, err error) string {
	if errors.Is(err, jsontape.ErrTooDeep) {
		return fmt.Sprintf("nested deeper than %d levels", maxDepth)
	}
	var any json.RawMessage
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal([]byte(text), &any), &syntax) {
		return fmt.Sprintf("%v: %v", jsontape.ErrInvalid, syntax)
	}
	return jsontape.ErrInvalid.Error()
}

// clean returns text in valid UTF-8, with the replacement character for what is
// none, and for escaped halves of surrogate pairs, which stand for no character
// and which some readers of JSON refuse.
func clean(text string) string {
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\uFFFD")
	}
	if strings.Contains(text, `\ud`) || strings.Contains(text, `\uD`) {
		text = replaceLoneSurrogates(text)
	}
	return text
}

func replaceLoneSurrogates(text string) string {
	var b strings.Builder
	rest := text
	for {
		at := strings.IndexByte(rest, '\\')
		if at < 0 || at+1 == len(rest) {
			b.WriteString(rest)
			return b.String()
		}
		b.WriteString(rest[:at])
		rest = rest[at:]
		high, isHigh := surrogate(rest)
		if !isHigh {
			b.WriteString(rest[:2])
			rest = rest[2:]
			continue
		}
		if low, ok := surrogate(rest[6:]); ok && high < 0xDC00 && low >= 0xDC00 {
			b.WriteString(rest[:12])
			rest = rest[12:]
			continue
		}
		b.WriteString(`\ufffd`)
		rest = rest[6:]
	}
}

// surrogate reads an escaped surrogate at the start of text.
func surrogate(text string) (code int, ok bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	for _, c := range []byte(text[2:6]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return 0, false
		}
		code = code<<4 | digit
	}
	return code, code >= 0xD800 && code <= 0xDFFF
}
