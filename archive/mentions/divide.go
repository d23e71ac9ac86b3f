package mentions

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/quoll/quoll/internal/frames"
	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/schema"
)

// Normaliser turns a payload into rows.
type Normaliser interface {
	Payload(p model.Payload) normalise.Result
}

// Divided is a payload that has records of a subject.
type Divided struct {
	Mentions int // records that mention the subject
	Others   int // that do not
	// Rest is a payload's body with the others, empty if there are none.
	Rest []byte
	// Keys are those of the records that mention the subject.
	Keys []schema.Key
}

// Kept says that payloads of a format are Quoll's own and stay as they are: acts,
// alerts, certificates, and the indexes of operations, which are made anew.
func Kept(format model.Format) bool {
	switch format {
	case model.FormatOwnRows, model.FormatCertificate, model.FormatBlobList, model.FormatOperations, model.FormatOperationsHead:
		return true
	}
	return false
}

// Divide takes the records of a subject out of a payload; nil if there are none. What
// is no record goes if it mentions the subject.
func (s *Subject) Divide(p model.Payload, normaliser Normaliser) (*Divided, error) {
	if !s.In(p.Body) {
		return nil, nil
	}
	d := &division{subject: s}
	switch p.Format {
	case model.FormatAuditSearchCSV, model.FormatOfficeActivityCSV:
		d.csv(p.Body)
	case model.FormatDefenderMessages:
		if err := d.messages(p.Body); err != nil {
			return nil, err
		}
	case model.FormatAuditSearchPage:
		d.list(p.Body, "value")
	case model.FormatHuntingResults:
		d.list(p.Body, "results")
	default:
		d.json(p.Body)
	}
	if d.mentions == 0 { // between records, or spread over several: all of it goes
		d = &division{mentions: d.others, theirs: p.Body}
	}
	keys, err := keysOf(p, d.theirs, normaliser)
	if err != nil {
		return nil, err
	}
	out := &Divided{Mentions: d.mentions, Others: d.others, Keys: keys}
	if d.others > 0 {
		out.Rest = d.rest
	}
	return out, nil
}

// keysOf are the keys of the records in a body.
func keysOf(p model.Payload, body []byte, normaliser Normaliser) (keys []schema.Key, err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = fmt.Errorf("the records of %q cannot be read: %v", p.Name, panicked)
		}
	}()
	p.Body, p.Packed = body, nil
	result := normaliser.Payload(p)
	for i := range result.Records {
		keys = append(keys, result.Records[i].Key)
	}
	result.Release()
	return keys, nil
}

// division is the pieces of a body on their two ways.
type division struct {
	subject          *Subject
	mentions, others int
	theirs, rest     []byte // bodies
}

// piece takes a record, as it stands in the body.
func (d *division) piece(raw []byte, separator string) {
	if d.subject.In(raw) {
		d.mentions++
		d.theirs = append(append(d.theirs, raw...), separator...)
		return
	}
	d.others++
	d.rest = append(append(d.rest, raw...), separator...)
}

// json takes objects, wherever they stand in lists, one a line of the new bodies.
func (d *division) json(body []byte) {
	scanner := split.NewScanner(len(body))
	for at := 0; ; {
		token := scanner.JSON(body[at:], true)
		if token.Kind == split.End {
			return
		}
		d.piece(bytes.TrimRight(body[at+token.Start:at+token.End], "\r\n"), "\n")
		at += token.End
	}
}

// list takes the objects of a list that is a member of the body.
func (d *division) list(body []byte, member string) {
	inner := split.Member(body, member)
	if inner == nil {
		inner = body
	}
	d.json(inner)
	d.theirs, d.rest = listed(d.theirs, member), listed(d.rest, member)
}

// listed puts lines into a list again.
func listed(lines []byte, member string) []byte {
	if len(lines) == 0 {
		return nil
	}
	out := []byte(`{"` + member + `":[`)
	for i, line := range bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n")) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, line...)
	}
	return append(out, "]}"...)
}

// csv takes lines behind the header, which both bodies have.
func (d *division) csv(body []byte) {
	scanner := split.NewScanner(len(body))
	at := 0
	for header := true; ; {
		token := scanner.CSV(body[at:], true)
		if token.Kind == split.End {
			return
		}
		raw := body[at+token.Start : at+token.End]
		at += token.End
		if header {
			header = bytes.HasPrefix(bytes.TrimPrefix(raw, []byte("\xEF\xBB\xBF")), []byte("#TYPE"))
			d.theirs, d.rest = append(d.theirs, raw...), append(d.rest, raw...)
			continue
		}
		d.piece(raw, "")
	}
}

// messages takes the records of framed messages, each in its message.
func (d *division) messages(body []byte) error {
	for len(body) > 0 {
		frame, rest, err := frames.Next(body)
		if err != nil {
			return errors.Join(errors.New("its messages cannot be told apart"), err)
		}
		one := &division{subject: d.subject}
		one.json(frame.Body)
		d.mentions, d.others = d.mentions+one.mentions, d.others+one.others
		for _, way := range []struct {
			from []byte
			to   *[]byte
		}{{one.theirs, &d.theirs}, {one.rest, &d.rest}} {
			if len(way.from) > 0 {
				frame.Body = way.from
				*way.to = frames.Append(*way.to, frame)
			}
		}
		body = rest
	}
	return nil
}
