package detect

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Recorder takes rows for SentinelHealth: one JSON object a line, as
// model.FormatOwnRows has them.
type Recorder func(ctx context.Context, body []byte) error

// RecordHealth makes the detector record how rules fare: whenever that changes,
// and once an hour. It is called before the first tick.
func (d *Detector) RecordHealth(r Recorder) { d.recorder = r }

// healthEvery is how often a rule that fares as before is recorded.
const healthEvery = time.Hour

// Switch is a rule that somebody switched off.
type Switch struct {
	RuleID, By, Why string
	At              time.Time // UTC
	// Agreed is the second person, empty until there is one. A rule that watches
	// the watchers runs on without.
	Agreed string
}

// WatchTheWatchers is the tag of rules that one person alone cannot mute.
const WatchTheWatchers = "WatchTheWatchers"

// Watches says whether the rule has that tag.
func (r *Rule) Watches() bool { return r.tagged(WatchTheWatchers) }

func (r *Rule) tagged(tag string) bool { return slices.Contains(r.tags(), tag) }

// tags are the tags that are plain words; published rules have objects, too.
func (r *Rule) tags() []string {
	var document struct {
		Tags []any `yaml:"tags"`
	}
	if r.node == nil || r.node.Decode(&document) != nil {
		return nil
	}
	var tags []string
	for _, t := range document.Tags {
		if text, ok := t.(string); ok {
			tags = append(tags, text)
		}
	}
	return tags
}

// ErrSamePerson says that a rule that watches the watchers needs a second person.
var ErrSamePerson = errors.New("a second person has to agree: this rule watches those who can switch rules off")

// Disable switches a rule off. A rule that watches the watchers runs on until a
// second person asks for the same; then Disable returns nil, before that
// ErrSamePerson. It can be called from another process than the detector's.
func Disable(ctx context.Context, db *sql.DB, r *Rule, by, why string, now time.Time) error {
	s, err := openStore(ctx, db)
	if err != nil {
		return err
	}
	if by == "" || why == "" {
		return fmt.Errorf("disable rule %q: say who and why", r.Name)
	}
	old, err := s.switches(ctx)
	if err != nil {
		return err
	}
	off, known := old[r.ID]
	if !known {
		off = Switch{RuleID: r.ID, By: by, Why: why, At: now}
	}
	if known && off.By != by && off.Agreed == "" {
		off.Agreed = by
	}
	if _, err := s.db.ExecContext(ctx, `INSERT INTO detect_disabled (rule_id, at, by, why, agreed) VALUES (?,?,?,?,?)
		ON CONFLICT (rule_id) DO UPDATE SET agreed=excluded.agreed`, off.RuleID, micro(off.At), off.By, off.Why, off.Agreed); err != nil {
		return fmt.Errorf("disable rule %q: %w", r.Name, err)
	}
	if r.Watches() && off.Agreed == "" {
		return fmt.Errorf("disable rule %q, asked for by %s: %w", r.Name, off.By, ErrSamePerson)
	}
	return nil
}

// Enable takes back what Disable did.
func Enable(ctx context.Context, db *sql.DB, id string) error {
	s, err := openStore(ctx, db)
	if err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, `DELETE FROM detect_disabled WHERE rule_id=?`, id); err != nil {
		return fmt.Errorf("enable rule %s: %w", id, err)
	}
	return nil
}

func (s *store) switches(ctx context.Context) (map[string]Switch, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT rule_id, at, by, why, agreed FROM detect_disabled`)
	if err != nil {
		return nil, fmt.Errorf("read disabled rules: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]Switch{}
	for rows.Next() {
		var one Switch
		var at int64
		if err := rows.Scan(&one.RuleID, &at, &one.By, &one.Why, &one.Agreed); err != nil {
			return nil, fmt.Errorf("read disabled rules: %w", err)
		}
		one.At = fromMicro(at)
		all[one.RuleID] = one
	}
	return all, rows.Err()
}

// runs says whether a rule runs, given who switched it off. What is tagged
// WatchTheWatchers is not muted by its file, nor by one person.
func (r *Rule) runs(off Switch) bool {
	if r.Watches() {
		return off.Agreed == ""
	}
	return r.enabled() && off.RuleID == ""
}

// recordHealth writes rows of the rules whose state has changed, or that were not
// written about for an hour.
func (d *Detector) recordHealth(ctx context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.recorder == nil {
		return nil
	}
	now := d.clock.Now().UTC()
	switches, err := d.store.switches(ctx)
	if err != nil {
		return err
	}
	reported, err := d.store.reported(ctx)
	if err != nil {
		return err
	}
	var body []byte
	told := map[string]string{}
	for _, r := range d.rules {
		h, err := d.store.rule(ctx, r)
		if err != nil {
			return err
		}
		status, line := healthRow(r, h, switches[r.ID], now)
		last := reported[r.ID]
		if last.status == status && now.Sub(last.at).Abs() < healthEvery || h.LastRun.IsZero() && status == "run Success" {
			continue
		}
		body = append(append(body, line...), '\n')
		told[r.ID] = status
	}
	if len(body) == 0 {
		return nil
	}
	if err := d.recorder(ctx, body); err != nil {
		return fmt.Errorf("record the health of rules: %w", err)
	}
	for id, status := range told {
		if _, err := d.store.db.ExecContext(ctx, `INSERT INTO detect_reported (rule_id, at, status) VALUES (?,?,?)
			ON CONFLICT (rule_id) DO UPDATE SET at=excluded.at, status=excluded.status`, id, micro(now), status); err != nil {
			return fmt.Errorf("note what was recorded: %w", err)
		}
	}
	return nil
}

func healthRow(r *Rule, h Health, off Switch, now time.Time) (status string, line []byte) {
	operation, result, description := r.Kind+" analytics rule run", "Success", "Rule executed successfully."
	switch {
	case off.RuleID != "":
		operation, result, description = "Analytics rule disabled", "Informational", off.By+": "+off.Why
		if r.Watches() && off.Agreed == "" {
			description = "asked for by " + off.By + ", runs on: " + off.Why
		}
	case h.LastError != "":
		result, description = "Failure", "Rule failed; its windows stay due."
	}
	status = "run " + result
	if off.RuleID != "" {
		status = "disabled " + off.By + " " + off.Agreed
	}
	lag := 0.0
	if !h.LastEnd.IsZero() {
		lag = now.Sub(h.LastEnd).Seconds()
	}
	extended := map[string]any{
		"LastRun": stamp(h.LastRun), "QueryEndTimeUTC": stamp(h.LastEnd), "TotalRuns": h.Runs, "AlertsGenerated": h.Hits, "QueryResultAmount": h.Rows,
		"LagSeconds": lag, "RuleVersion": r.Version, "SuppressedUntil": stamp(h.SuppressedUntil),
	}
	if off.RuleID != "" {
		extended["DisabledBy"], extended["DisabledAt"], extended["AgreedBy"] = off.By, stamp(off.At), off.Agreed
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%d", r.ID, status, now.UnixMicro()))
	key := hex.EncodeToString(sum[:16])
	line, err := json.Marshal(map[string]any{"table": "SentinelHealth", "key": key, "row": map[string]any{
		"TimeGenerated": stamp(now), "OperationName": operation, "SentinelResourceId": r.ID, "SentinelResourceName": r.Name, "Status": result, "Description": description,
		"Reason": h.LastError, "SentinelResourceType": "Analytics Rule", "SentinelResourceKind": r.Kind, "RecordId": key, "ExtendedProperties": extended, "SourceSystem": "Quoll",
	}})
	if err != nil {
		panic("a row of texts and numbers always marshals: " + err.Error())
	}
	return status, line
}

func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000Z")
}

type reportedHealth struct {
	at     time.Time
	status string
}

func (s *store) reported(ctx context.Context) (map[string]reportedHealth, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT rule_id, at, status FROM detect_reported`)
	if err != nil {
		return nil, fmt.Errorf("read what was recorded: %w", err)
	}
	defer func() { _ = rows.Close() }()
	all := map[string]reportedHealth{}
	for rows.Next() {
		var id string
		var at int64
		var one reportedHealth
		if err := rows.Scan(&id, &at, &one.status); err != nil {
			return nil, fmt.Errorf("read what was recorded: %w", err)
		}
		one.at = fromMicro(at)
		all[id] = one
	}
	return all, rows.Err()
}
