// Package config reads Quoll's YAML file into the packages' own Config types.
//
// It knows every package that has something to configure and nothing that they
// do. No domain package imports it.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/auditsearch"
	"github.com/quoll/quoll/collect/blobexport"
	"github.com/quoll/quoll/collect/eventhub"
	"github.com/quoll/quoll/collect/hunting"
	"github.com/quoll/quoll/collect/push"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/notify"
	"github.com/quoll/quoll/retention"
	"github.com/quoll/quoll/server"
)

// Config is the whole configuration of `quoll serve`. Relative paths are
// relative to the folder of the file.
type Config struct {
	// DataDir holds journal, lake and state.
	DataDir string
	// ArchiveDir is the archive's own folder, outside DataDir: best on another
	// disk.
	ArchiveDir string
	// ArchiveOrigin names the transparency log in its checkpoints, after C2SP
	// tlog-checkpoint: a name that no other log has.
	ArchiveOrigin string
	// ArchiveEncryption is whom objects of the archive are encrypted to; nobody by
	// default.
	ArchiveEncryption ArchiveEncryption
	// ArchiveMinimum is how long the archive keeps payloads at least, in words, before
	// two people may dispose of them; empty: for ever.
	ArchiveMinimum string
	// ArchiveRowHashes has the archive keep the hashes of the tables' files alone, and
	// not the bytes of those that are settled.
	ArchiveRowHashes bool
	// ArchiveVerifyEvery is the time between two verifications of the whole archive by
	// the server; zero: none but those that people ask for.
	ArchiveVerifyEvery time.Duration
	// Witnesses are asked to cosign the archive's checkpoints; none by default.
	Witnesses []witness.Endpoint
	// ArchiveTimestamps are asked to stamp them with the time; none by default.
	ArchiveTimestamps []Timestamp
	// ArchiveCopies are the stores that the archive is copied to; none by default.
	ArchiveCopies []ArchiveCopy
	// LakeStore has the files of the tables; nil: they are in DataDir.
	LakeStore *LakeStore
	// FlushEvery is how often fresh rows become files.
	FlushEvery time.Duration
	// Lake is how the rows are kept, without the folder.
	Lake lake.Config
	// Retention says how long rows are kept; without rules, for ever.
	Retention *retention.Policy
	// RuleDirs hold further rules; Rules says whether those that ship run too.
	RuleDirs     []string
	ShippedRules bool
	// DashboardDirs hold further dashboards.
	DashboardDirs []string
	// AutomationDirs hold automation rules.
	AutomationDirs []string
	// ExternalHosts may be read from by externaldata; none by default.
	ExternalHosts []string
	Server        server.Config
	// Indicators are where indicators of threats are read.
	Indicators []IndicatorSource
	// Notifications are whom to tell of incidents.
	Notifications []notify.Target
	// Webhook is nil where Microsoft sends no notifications.
	Webhook *Webhook
	// Push is nil where relays send nothing.
	Push    *push.Config
	Tenants []Tenant
}

// Tenant is one Microsoft 365 tenant and the roads to it.
type Tenant struct {
	Name string
	// Activity is nil when the audit log is not collected.
	Activity *activity.Config
	// AuditSearch is how the past is searched with the same application; nil
	// where that is not to be had.
	AuditSearch *auditsearch.Config
	// Hunting is nil unless Defender's tables are collected through advanced
	// hunting.
	Hunting *hunting.Config
	// DefenderExportDir is a folder in the layout of the Defender streaming
	// export; empty when there is none.
	DefenderExportDir string
	// DefenderAccount is the storage account of the export instead; nil when there
	// is none.
	DefenderAccount *blobexport.AzureConfig
	// DefenderPollEvery is how often either is looked at.
	DefenderPollEvery time.Duration
	// EventHubs is nil when the Defender streaming export does not come through
	// Event Hubs.
	EventHubs *eventhub.Config
	ID        string
}

// file is the configuration as it is written.
type file struct {
	DataDir        string             `yaml:"data_dir"`
	ArchiveDir     string             `yaml:"archive_dir"`
	ArchiveOrigin  string             `yaml:"archive_origin"`
	Witnesses      []witnessSection   `yaml:"archive_witnesses"`
	Timestamps     []timestampSection `yaml:"archive_timestamps"`
	Encryption     *encryptionSection `yaml:"archive_encryption"`
	Minimum        string             `yaml:"archive_minimum"`
	RowFiles       string             `yaml:"archive_row_files"`
	VerifyEvery    string             `yaml:"archive_verify_every"`
	ArchiveCopies  []copySection      `yaml:"archive_copies"`
	FlushEvery     duration           `yaml:"flush_every"`
	Lake           *lakeSection       `yaml:"lake"`
	Retention      []retentionSection `yaml:"retention"`
	RuleDirs       []string           `yaml:"rule_dirs"`
	ShippedRules   *bool              `yaml:"shipped_rules"`
	DashboardDirs  []string           `yaml:"dashboard_dirs"`
	AutomationDirs []string           `yaml:"automation_dirs"`
	ExternalHosts  []string           `yaml:"external_hosts"`
	Server         serverSection      `yaml:"server"`
	Webhook        *webhookSection    `yaml:"webhook"`
	Push           *pushSection       `yaml:"push"`
	Notifications  []notifySection    `yaml:"notifications"`
	Indicators     []indicatorSection `yaml:"indicators"`
	Tenants        []tenant           `yaml:"tenants"`
}

type serverSection struct {
	Listen       string   `yaml:"listen"`
	TokenFile    string   `yaml:"token_file"`
	MetricsFile  string   `yaml:"metrics_token_file"`
	Hosts        []string `yaml:"hosts"`
	QueryTimeout duration `yaml:"query_timeout"`
	Queries      int      `yaml:"max_concurrent_queries"`
}

type tenant struct {
	Name     string           `yaml:"name"`
	TenantID string           `yaml:"tenant_id"`
	Activity *activitySection `yaml:"audit_log"`
	Defender *defenderSection `yaml:"defender_export"`
	// EventHubs is the same export through Event Hubs.
	EventHubs *eventHubsSection `yaml:"event_hubs"`
	// AuditSearch is optional: without it, the search has its defaults.
	AuditSearch *auditSearchSection `yaml:"audit_search"`
	Hunting     *huntingSection     `yaml:"defender_hunting"`
}

// duration reads "5m" and says the line of what is none.
type duration time.Duration

func (d *duration) UnmarshalYAML(node *yaml.Node) error {
	parsed, err := time.ParseDuration(node.Value)
	if err != nil || parsed <= 0 {
		return fmt.Errorf("line %d: %q is no length of time; write it as 30s, 5m or 1h", node.Line, node.Value)
	}
	*d = duration(parsed)
	return nil
}

// Load reads the file at path. Unknown keys are refused. An error names the
// file, the place and what would be right; all mistakes that can be found are
// reported together; what is right is returned with them, unless the file could
// not be read at all. Secrets are read from where the file says, and appear in
// no error.
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("read configuration %s: %w", path, err)
	}
	config, err := Parse(text, dir, os.Getenv)
	if config != nil && config.DataDir != "" {
		err = errors.Join(err, config.AddStored(os.Getenv))
	}
	if err != nil {
		return config, fmt.Errorf("configuration %s: %w", path, err)
	}
	return config, nil
}

// Parse reads a configuration. dir is what relative paths are relative to;
// getenv looks up environment variables.
func Parse(text []byte, dir string, getenv func(string) string) (*Config, error) {
	var f file
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return nil, plainly(err)
	}
	b := builder{dir: dir, getenv: getenv}
	config := b.build(f)
	return config, errors.Join(b.problems...)
}

var unknownKey = regexp.MustCompile(`field (\S+) not found in type \S+`)

// plainly says of an unknown key where the known ones are, in place of the name of
// a type that whoever writes the file has never heard of.
func plainly(err error) error {
	var wrong *yaml.TypeError
	if !errors.As(err, &wrong) {
		return err
	}
	lines := make([]string, len(wrong.Errors))
	for i, line := range wrong.Errors {
		lines[i] = unknownKey.ReplaceAllString(line, "there is no key $1 here; docs/configuration.md has all of them")
	}
	return errors.New(strings.Join(lines, "\n"))
}

// builder turns what was written into Config and collects what is wrong.
type builder struct {
	dir      string
	getenv   func(string) string
	problems []error
}

func (b *builder) bad(format string, args ...any) {
	b.problems = append(b.problems, fmt.Errorf(format, args...))
}

// path makes a path absolute; an empty one stays empty.
func (b *builder) path(p string) string {
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(b.dir, p)
}

func (b *builder) build(f file) *Config {
	c := &Config{
		DataDir: b.path(f.DataDir), ArchiveDir: b.path(f.ArchiveDir), ArchiveOrigin: f.ArchiveOrigin,
		FlushEvery: or(time.Duration(f.FlushEvery), 5*time.Minute), ShippedRules: f.ShippedRules == nil || *f.ShippedRules,
		Lake: b.lake(f.Lake), Retention: b.retention(f.Retention),
		Server: server.DefaultConfig(),
	}
	if c.DataDir == "" {
		b.bad("data_dir: missing; it is the folder that holds journal, lake and state")
	}
	if c.ArchiveDir == "" && c.DataDir != "" {
		c.ArchiveDir = filepath.Clean(c.DataDir) + "-archive"
	}
	if within(c.ArchiveDir, c.DataDir) {
		b.bad("archive_dir: %s lies inside data_dir; the archive is to survive the loss of the data", c.ArchiveDir)
	}
	c.ArchiveOrigin = or(c.ArchiveOrigin, "quoll.local/archive")
	c.Witnesses = b.witnesses(f.Witnesses)
	c.ArchiveTimestamps = b.timestamps(f.Timestamps)
	c.ArchiveEncryption = b.encryption(f.Encryption, c.ArchiveDir)
	c.ArchiveMinimum = b.minimum(f.Minimum, c.Retention)
	c.ArchiveRowHashes = b.rowFiles(f.RowFiles)
	c.ArchiveVerifyEvery = b.verifyEvery(f.VerifyEvery)
	c.ArchiveCopies = b.copies(f.ArchiveCopies)
	c.LakeStore = b.lakeStore(f.Lake)
	for _, dir := range f.DashboardDirs {
		c.DashboardDirs = append(c.DashboardDirs, b.path(dir))
	}
	for _, dir := range f.AutomationDirs {
		c.AutomationDirs = append(c.AutomationDirs, b.path(dir))
	}
	for _, dir := range f.RuleDirs {
		c.RuleDirs = append(c.RuleDirs, b.path(dir))
	}
	for i, host := range f.ExternalHosts {
		if host == "" || strings.ContainsAny(host, "/*@ ") {
			b.bad("external_hosts[%d]: %q is no name of a host; write it as raw.githubusercontent.com, without https:// and path", i, host)
		}
	}
	c.ExternalHosts = f.ExternalHosts
	c.Server.Listen = or(f.Server.Listen, c.Server.Listen)
	c.Server.TokenFile = b.path(f.Server.TokenFile)
	c.Server.MetricsTokenFile = b.path(f.Server.MetricsFile)
	c.Server.Hosts = f.Server.Hosts
	c.Server.QueryTimeout = or(time.Duration(f.Server.QueryTimeout), c.Server.QueryTimeout)
	c.Server.MaxConcurrentQueries = or(f.Server.Queries, c.Server.MaxConcurrentQueries)
	if err := c.Server.Validate(); err != nil {
		b.bad("server: %w", err)
	}
	c.Webhook = b.webhook(f.Webhook)
	c.Push = b.push(f.Push)
	c.Notifications = b.notifications(f.Notifications)
	c.Indicators = b.indicators(f.Indicators)
	seen := map[string]bool{}
	for i, t := range f.Tenants {
		built := b.tenant(t, fmt.Sprintf("tenants[%d]", i))
		if c.Webhook != nil && built.Activity != nil {
			built.Activity.Webhook = &c.Webhook.Webhook
		}
		if id := strings.ToLower(t.TenantID); seen[id] {
			b.bad("tenants[%d]: tenant_id %s is given twice", i, id)
		} else {
			seen[id] = true
		}
		c.Tenants = append(c.Tenants, built)
	}
	return c
}

func (b *builder) tenant(t tenant, where string) Tenant {
	built := Tenant{Name: or(t.Name, t.TenantID), ID: strings.ToLower(t.TenantID)}
	if t.Activity == nil && t.Defender == nil && t.EventHubs == nil {
		b.bad("%s: neither audit_log nor defender_export nor event_hubs: there is nothing to collect", where)
	}
	if t.Activity != nil {
		built.Activity = b.activity(t, where+".audit_log")
	}
	built.AuditSearch = b.auditSearch(t, built.Activity, where+".audit_search")
	built.Hunting = b.hunting(t, built.Activity, where+".defender_hunting")
	built.EventHubs = b.eventHubs(t, where+".event_hubs")
	if t.Defender != nil {
		b.defender(t, &built, where+".defender_export")
	}
	return built
}

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

// within says whether path lies in dir or is it.
func within(path, dir string) bool {
	if path == "" || dir == "" {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
