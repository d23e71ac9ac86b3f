package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/detect"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/format"
	"github.com/quoll/quoll/server"
)

// custodian puts an incident with all that is behind it into one file, of the form
// of docs/formats/custody.md.
type custodian struct {
	node      *node
	incidents incidents
	rules     func() []*detect.Rule
	audit     *acts
	// settle waits until all that is journalled by now is visible to queries and
	// under a checkpoint.
	settle func(ctx context.Context) error
	clock  clock.Clock
}

// The bounds of a file: what queries give of rows again, for each alert, and what
// is proved. What lies beyond is said in the file.
const (
	custodyRows     = 20_000
	custodyRowBytes = 16 << 20
	custodyRecords  = 200              // raw records of one alert
	custodyPayloads = int64(128 << 20) // bytes of payloads in bundles
	custodyPatience = 2 * time.Minute  // for one query
)

// ExportIncident implements server.Custodian. The act is written down twice: before,
// so that it is in the file, and with the file's hash when it is made.
func (c *custodian) ExportIncident(ctx context.Context, id string) (*server.CustodyFile, error) {
	detail, err := c.incidents.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if c.node.archive == nil {
		return nil, &server.Failure{Code: server.CodeConflict, Message: "the archive cannot be opened, so that nothing can be proved or signed: " + c.node.archiveProblem.Error()}
	}
	export := uuid.NewString()
	begun := act{operation: "Export incident", kind: "Incident", id: id, name: detail.Title, description: "began to take an incident away with its evidence", properties: map[string]any{"ExportId": export}}
	if err := c.audit.done(ctx, begun, nil); err != nil {
		return nil, err
	}
	file, made, err := c.write(ctx, detail, export)
	ended := act{operation: "Incident exported", kind: "Incident", id: id, name: detail.Title, description: "took an incident away with its evidence", properties: map[string]any{"ExportId": export}}
	if err == nil {
		ended.properties["SHA256"], ended.properties["Bytes"] = file.SHA256, file.Size
		ended.properties["Payloads"], ended.properties["Records"] = made.bundles, len(made.records)
	}
	if err = c.audit.done(ctx, ended, err); err != nil {
		if file != nil {
			err = errors.Join(err, file.Body.Close())
		}
		return nil, evidenceFailure(err)
	}
	return file, nil
}

// write makes the file in a place that is cleared when it is closed.
func (c *custodian) write(ctx context.Context, detail *server.IncidentDetail, export string) (file *server.CustodyFile, made *custodyFile, err error) {
	if err := c.settle(ctx); err != nil {
		return nil, nil, err
	}
	dir := filepath.Join(c.node.paths.data, "spill")
	if err := durable.MkdirAll(durable.OS{}, dir, 0o750); err != nil {
		return nil, nil, fmt.Errorf("export incident: %w", err)
	}
	out, err := os.CreateTemp(dir, "custody-*.tar")
	if err != nil {
		return nil, nil, fmt.Errorf("export incident: %w", err)
	}
	body := removedWhenClosed{out}
	defer func() {
		if err != nil {
			err = errors.Join(err, body.Close())
		}
	}()
	sum := sha256.New()
	counted := &countedWriter{w: io.MultiWriter(out, sum)}
	now := c.clock.Now().UTC()
	about := proof.CustodyAbout{
		Incident: detail.Number, Title: detail.Title, Export: export, Exported: now.Format(time.RFC3339), By: server.CallerName(ctx), Origin: c.node.paths.origin, Software: "quoll " + version,
	}
	made = &custodyFile{custodian: c, detail: detail}
	if made.writer, err = proof.NewCustodyWriter(counted, about); err != nil {
		return nil, nil, err
	}
	if err := made.fill(ctx); err != nil {
		return nil, nil, err
	}
	if _, err := out.Seek(0, io.SeekStart); err != nil {
		return nil, nil, fmt.Errorf("export incident: %w", err)
	}
	return &server.CustodyFile{
		Name: fmt.Sprintf("incident-%d-%s.custody.tar", detail.Number, now.Format("20060102T150405Z")), Size: counted.n, SHA256: hex.EncodeToString(sum.Sum(nil)), Body: body,
	}, made, nil
}

// removedWhenClosed is a file that is gone once it is closed.
type removedWhenClosed struct{ *os.File }

// Close implements io.Closer.
func (r removedWhenClosed) Close() error { return errors.Join(r.File.Close(), os.Remove(r.Name())) }

type countedWriter struct {
	w io.Writer
	n int64
}

func (c *countedWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}

// custodyFile is a file in the making.
type custodyFile struct {
	*custodian
	detail  *server.IncidentDetail
	writer  *proof.CustodyWriter
	wanted  map[string]bool // ids of records, in lower case
	records []proof.CustodyRecord
	bundles int
}

func (f *custodyFile) fill(ctx context.Context) error {
	f.wanted = map[string]bool{}
	for _, part := range []func(context.Context) error{f.readMe, f.incident, f.alerts, f.ruleTexts, f.chain, f.evidence} {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := part(ctx); err != nil {
			return err
		}
	}
	config := archive.DefaultConfig(f.node.paths.archive, f.node.paths.keyFile())
	config.Origin = f.node.paths.origin
	return f.writer.Close(func(text string) ([]byte, error) { return archive.SignCustody(config, text) })
}

func (f *custodyFile) addJSON(name string, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return fmt.Errorf("export incident: %s: %w", name, err)
	}
	return f.writer.Add(name, append(text, '\n'))
}

func (f *custodyFile) readMe(context.Context) error {
	return f.writer.Add("README.txt", []byte(custodyReadMe))
}

const custodyReadMe = `This file holds one incident with what is behind it, as it was at the time of the export.

incident.json            the incident: alerts with the rows that were kept, entities, timeline, comments, tasks
register.json, report.txt  its entry in the register, and the report
alerts.json              of each alert: its rule, query and window, what the query gives now, and how raw records were chosen
alerts/N/rows.*          the rows that the query gives now, as CSV, JSON and Parquet
rules.json, rules/       the rules, with their versions and hashes
chain-of-custody.*       who did what with the incident and when, from the audit trail, this export included
records.json             where each raw record stands in the payloads
evidence/                a bundle for each payload: what Microsoft delivered, byte for byte, with the proof that it is in the
                         archive's log, the log's checkpoint with the cosignatures of witnesses, and time stamps where there are any
not-proved.json          the records that were looked for and are not in evidence/, and why
manifest.note            the SHA-256 of all of these, signed with the key of the archive's log

Check it anywhere, without a network, with the log's verifier key, which you get by a road of its own:

    quoll-verify --key archive.pub FILE

By hand: the lines of manifest.note that begin with a hash are what sha256sum --check reads. The format is in
docs/formats/custody.md of Quoll.
`

func (f *custodyFile) incident(ctx context.Context) error {
	if err := f.addJSON("incident.json", f.detail); err != nil {
		return err
	}
	register, err := f.incidents.Register(ctx, f.detail.ID)
	if err != nil {
		return err
	}
	if err := f.addJSON("register.json", register); err != nil {
		return err
	}
	text, err := f.incidents.ReportText(ctx, f.detail.ID)
	if err != nil {
		return err
	}
	return f.writer.Add("report.txt", []byte(text))
}

// custodyAlert is what alerts.json says of an alert.
type custodyAlert struct {
	ID          string    `json:"id"`
	Name        string    `json:"name"`
	RuleID      string    `json:"ruleId"`
	RuleVersion string    `json:"ruleVersion"`
	Query       string    `json:"query"`
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Folder      string    `json:"folder"`
	Kept        int       `json:"kept"` // rows in incident.json
	Rows        int       `json:"rows"` // that the query gives now
	Truncated   bool      `json:"truncated"`
	Chosen      string    `json:"chosen"`  // how the raw records were
	Records     int       `json:"records"` // ids of records that were looked for
	Problem     string    `json:"problem,omitempty"`
}

// How the raw records of an alert were chosen.
const (
	chosenByRows     = "the ids in the rows"
	chosenByEntities = "records about an entity of the alert between its first and last activity"
)

func (f *custodyFile) alerts(ctx context.Context) error {
	versions, err := f.ruleVersions(ctx)
	if err != nil {
		return err
	}
	var all []custodyAlert
	for i := range f.detail.Alerts {
		a := &f.detail.Alerts[i]
		told := custodyAlert{
			ID: a.ID, Name: a.Name, RuleID: a.RuleID, RuleVersion: versions[a.ID], Query: a.Query, From: a.From, To: a.To, Folder: fmt.Sprintf("alerts/%03d", i+1), Kept: len(a.Evidence.Rows),
		}
		f.wanted[normalID(a.ID)] = true
		if err := f.alert(ctx, a, &told); err != nil {
			return err
		}
		all = append(all, told)
	}
	return f.addJSON("alerts.json", all)
}

// ruleVersions are those that the alerts were raised by, by the ids of the alerts.
func (f *custodyFile) ruleVersions(ctx context.Context) (map[string]string, error) {
	detail, err := f.incidents.store.Get(ctx, f.detail.Number)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, a := range detail.Alerts {
		versions[a.ID] = a.RuleVersion
	}
	return versions, nil
}

// alert asks an alert's query again. A query that cannot be answered now does not
// keep the rest from being exported.
func (f *custodyFile) alert(ctx context.Context, a *server.Alert, told *custodyAlert) error {
	ids := idsInRows(a.Evidence.Columns, a.Evidence.Rows)
	if a.Query != "" {
		result, err := f.ask(ctx, a.Query, a.From, a.To, custodyRows)
		if err == nil {
			err = f.rows(told.Folder, result)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			told.Problem = err.Error()
		} else {
			told.Rows, told.Truncated = len(result.Rows), result.Truncated
			ids = append(ids, idsInRows(resultTable(result).Columns, result.Rows)...)
		}
	}
	told.Chosen = chosenByRows
	if len(ids) == 0 {
		told.Chosen = chosenByEntities
		var err error
		if ids, err = f.idsAbout(ctx, a); err != nil {
			return err
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > custodyRecords {
		told.Chosen += fmt.Sprintf(", the first %d of %d", custodyRecords, len(ids))
		ids = ids[:custodyRecords]
	}
	for _, id := range ids {
		f.wanted[id] = true
	}
	told.Records = len(ids)
	return nil
}

func (f *custodyFile) ask(ctx context.Context, text string, from, to time.Time, rows int) (*query.Result, error) {
	return f.node.query.Query(ctx, query.Request{Text: text, From: from, To: to, Now: to, Limits: query.Limits{Rows: rows, Bytes: custodyRowBytes, Time: custodyPatience}})
}

// rows writes a result in each form.
func (f *custodyFile) rows(folder string, result *query.Result) error {
	return f.rowsNamed(folder+"/rows", result)
}

func (f *custodyFile) rowsNamed(path string, result *query.Result) error {
	for _, name := range []string{"csv", "json", "parquet"} {
		var b bytes.Buffer
		if err := format.Write(&b, result, format.Options{Format: name}); err != nil {
			return fmt.Errorf("write rows as %s: %w", name, err)
		}
		if err := f.writer.Add(path+"."+name, b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}

// custodyRule is what rules.json says of a rule.
type custodyRule struct {
	ID      string   `json:"id"`
	Name    string   `json:"name"`
	Version string   `json:"version"` // now
	Raised  []string `json:"raised"`  // versions that raised alerts of the incident
	// SHA256 is that which the rows of "Start server" have for it.
	SHA256 string `json:"sha256,omitempty"`
	File   string `json:"file,omitempty"`
	Note   string `json:"note,omitempty"`
}

func (f *custodyFile) ruleTexts(ctx context.Context) error {
	versions, err := f.ruleVersions(ctx)
	if err != nil {
		return err
	}
	loaded := f.rules()
	all := []custodyRule{}
	for _, a := range f.detail.Alerts {
		at := slices.IndexFunc(all, func(r custodyRule) bool { return r.ID == a.RuleID })
		if at < 0 {
			told, err := f.ruleText(loaded, a.RuleID, len(all)+1)
			if err != nil {
				return err
			}
			all, at = append(all, told), len(all)
		}
		if v := versions[a.ID]; !slices.Contains(all[at].Raised, v) {
			all[at].Raised = append(all[at].Raised, v)
		}
	}
	return f.addJSON("rules.json", all)
}

func (f *custodyFile) ruleText(loaded []*detect.Rule, id string, n int) (custodyRule, error) {
	told := custodyRule{ID: id}
	at := slices.IndexFunc(loaded, func(r *detect.Rule) bool { return r.ID == id })
	if at < 0 {
		told.Note = "no rule has that id now; its query is in alerts.json"
		return told, nil
	}
	r := loaded[at]
	sum, err := ruleHash(r)
	if err != nil {
		return told, err
	}
	told.Name, told.Version, told.SHA256 = r.Name, r.Version, sum
	text, err := r.Export()
	if err != nil {
		told.Note = err.Error()
		return told, nil
	}
	told.File = "rules/" + strconv.Itoa(n) + ".yaml"
	return told, f.writer.Add(told.File, text)
}

// ruleHash is how the audit trail names the exact form of a rule.
func ruleHash(r *detect.Rule) (string, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("hash rule %s: %w", r.ID, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}
