package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// result is one run of one collector.
type result struct {
	Collector string
	usage
	Bytes     int64 // of bodies that were served
	Records   int64 // that the server offered
	Delivered int64 // distinct records at the collector's end; -1 where nobody counts
	Refetched int   // blobs that were asked for more than once
	// Visible is how long records took from being handed to the journal to being
	// seen by queries, of the content type that was slowest; zero where nobody says.
	Visible delay
}

// delay is the median, the slowest hundredth and the slowest, in seconds.
type delay struct{ P50, P99, Max float64 }

// rig is a server with a folder for whoever collects from it.
type rig struct {
	dir    string
	note   mockNote
	server *process
}

// openRig starts a server in a process of its own.
func openRig(ctx context.Context, f mockFlags, dir string) (*rig, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(dir, "mock.log")
	server, err := start(path, nil, self, append([]string{"mock", "-dir", dir}, f.args()...)...)
	if err != nil {
		return nil, err
	}
	r := &rig{dir: dir, server: server}
	err = until(ctx, server, func() (bool, error) {
		text, err := os.ReadFile(path)
		if err != nil || !bytes.HasSuffix(text, []byte("}\n")) {
			return false, err
		}
		return true, json.Unmarshal(text, &r.note)
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start the server: %w", err), r.close(ctx))
	}
	return r, nil
}

func (r *rig) close(ctx context.Context) error {
	_, err := r.server.stop(ctx)
	return err
}

// until asks again and again until the answer is yes or the process has ended.
func until(ctx context.Context, p *process, ask func() (bool, error)) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		yes, err := ask()
		if yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-p.done:
			return fmt.Errorf("%s has ended: %w\n%s", p.cmd.Path, p.err, p.tail())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func getJSON(ctx context.Context, url, token string, into any) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("get %s: %s", url, response.Status)
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (r *rig) counts(ctx context.Context) (c mockCounts, err error) {
	return c, getJSON(ctx, r.note.Control, "", &c)
}

// finish completes a result with the server's counts.
func (r *rig) finish(ctx context.Context, name string, u usage, delivered int64) (result, error) {
	c, err := r.counts(ctx)
	return result{Collector: name, usage: u, Bytes: c.Bytes, Records: c.Records, Delivered: delivered, Refetched: c.Refetched}, err
}

// bare measures the client that drops everything, or, as the floor, keeps it.
func (r *rig) bare(ctx context.Context, name string, more ...string) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	p, err := start(filepath.Join(r.dir, "bare.log"), nil, self, append([]string{"bare", "-url", r.note.URL, "-ca", r.note.CAFile}, more...)...)
	if err != nil {
		return result{}, err
	}
	u, err := p.wait(ctx)
	if err != nil {
		return result{}, err
	}
	return r.finish(ctx, name, u, -1)
}

// quollStatus is what is asked of GET /api/v1/status.
type quollStatus struct {
	Journal struct{ Position uint64 }
	Lake    struct {
		Position, Committed uint64
		Tables              []struct {
			Name        string
			Rows, Bytes int64
		}
	}
	Lags []struct {
		Day map[string]struct{ P50Seconds, P99Seconds, MaxSeconds float64 }
	}
}

// visible is the stage of the way of a record that a status tells of.
const visible = "journalledToVisible"

func (s *quollStatus) delay() (slowest delay) {
	for _, stream := range s.Lags {
		if d, ok := stream.Day[visible]; ok {
			slowest = delay{max(slowest.P50, d.P50Seconds), max(slowest.P99, d.P99Seconds), max(slowest.Max, d.MaxSeconds)}
		}
	}
	return slowest
}

const quollConfig = `data_dir: %[1]s/data
archive_dir: %[1]s/archive
shipped_rules: %[4]t
server:
  listen: 127.0.0.1:0
tenants:
  - name: bench
    tenant_id: %[2]s
    audit_log:
      client_id: 11111111-2222-4333-8444-555555555555
      client_secret_env: QUOLL_BENCH_SECRET
      base_url: %[3]s
      authority_url: %[3]s
      ca_file: %[5]s
      requests_per_minute: 1000000
%[6]s`

// quoll measures `quoll serve` from an empty folder until everything that the
// server offers is in committed files.
func (r *rig) quoll(ctx context.Context, o options) (result, error) {
	config := filepath.Join(r.dir, "quoll.yaml")
	text := fmt.Sprintf(quollConfig, r.dir, tenantID, r.note.URL, o.rules, r.note.CAFile, o.quollConfig)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return result{}, err
	}
	env := append([]string{"QUOLL_BENCH_SECRET=secret"}, o.quollEnv...)
	p, err := start(filepath.Join(r.dir, "quoll.log"), env, o.quollBinary, "serve", "--config", config)
	if err != nil {
		return result{}, err
	}
	seen, err := r.quollSettled(ctx, p)
	if err != nil {
		_, stopErr := p.stop(ctx)
		return result{}, errors.Join(err, stopErr)
	}
	u, err := p.stop(ctx)
	if err != nil {
		return result{}, err
	}
	delivered, err := r.countInQuoll(ctx, o)
	if err != nil {
		return result{}, err
	}
	result, err := r.finish(ctx, "quoll", u, delivered)
	result.Visible = seen
	return result, err
}

// quollSettled waits until every blob was served and all rows are visible. What
// is left is the last flush, which is part of stopping. It returns how long records
// took to be seen.
func (r *rig) quollSettled(ctx context.Context, p *process) (seen delay, err error) {
	var note struct{ Address, Token string }
	err = until(ctx, p, func() (bool, error) {
		c, err := r.counts(ctx)
		if err != nil || c.Fetched < c.Blobs {
			return false, err
		}
		text, err := os.ReadFile(filepath.Join(r.dir, "data", "server.json"))
		if err == nil {
			err = json.Unmarshal(text, &note)
		}
		var s quollStatus
		if err == nil {
			err = getJSON(ctx, note.Address+"/api/v1/status", note.Token, &s)
		}
		if err != nil || s.Lake.Position != s.Journal.Position {
			return false, err
		}
		for _, t := range s.Lake.Tables {
			if t.Name == "UnifiedAuditLog" {
				seen = s.delay()
				return t.Rows >= c.Records, nil
			}
		}
		return false, nil
	})
	return seen, err
}

// countInQuoll counts distinct records, after making sure that everything is in
// committed files.
func (r *rig) countInQuoll(ctx context.Context, o options) (int64, error) {
	data := filepath.Join(r.dir, "data")
	text, err := exec.CommandContext(ctx, o.quollBinary, "status", "--data", data, "-o", "json").Output()
	if err != nil {
		return 0, fmt.Errorf("quoll status: %w", err)
	}
	var s quollStatus
	if err := json.Unmarshal(text, &s); err != nil {
		return 0, fmt.Errorf("quoll status: %w", err)
	}
	if s.Lake.Committed != s.Journal.Position {
		return 0, fmt.Errorf("quoll has files up to position %d of %d", s.Lake.Committed, s.Journal.Position)
	}
	text, err = exec.CommandContext(ctx, o.quollBinary, "query", "--data", data, "--format", "json", "UnifiedAuditLog | distinct Id | count").Output()
	if err != nil {
		return 0, fmt.Errorf("quoll query: %w", err)
	}
	var row struct{ Count int64 }
	if err := json.Unmarshal(text, &row); err != nil {
		return 0, fmt.Errorf("quoll query: %w", err)
	}
	return row.Count, nil
}

const filebeatConfig = `filebeat.inputs:
  - type: o365audit
    application_id: 11111111-2222-4333-8444-555555555555
    tenant_id: %[2]s
    client_secret: secret
    api:
      authentication_endpoint: %[3]s
      resource: %[3]s
      max_requests_per_minute: 1000000
      poll_interval: 2s
      max_retention: 23h
output.file:
  path: %[1]s/output
  filename: records
  rotate_every_kb: 10000000
path.home: %[1]s/home
logging.level: warning
logging.to_stderr: true
`

// filebeat measures Filebeat's o365audit input until its output has stopped to
// grow.
func (r *rig) filebeat(ctx context.Context, o options) (result, error) {
	config := filepath.Join(r.dir, "filebeat.yml")
	text := fmt.Sprintf(filebeatConfig, r.dir, tenantID, r.note.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return result{}, err
	}
	env := []string{"SSL_CERT_FILE=" + r.note.CAFile}
	p, err := start(filepath.Join(r.dir, "filebeat.log"), env, o.filebeatBinary, "-c", config, "--strict.perms=false")
	if err != nil {
		return result{}, err
	}
	output := filepath.Join(r.dir, "output", "records*")
	size, since := int64(-1), time.Now()
	err = until(ctx, p, func() (bool, error) {
		c, err := r.counts(ctx)
		if err != nil {
			return false, err
		}
		now, err := sizeOf(output)
		if now != size {
			size, since = now, time.Now()
		}
		return c.Fetched >= c.Blobs && time.Since(since) > 3*time.Second || time.Since(since) > time.Minute, err
	})
	u, stopErr := p.stop(ctx)
	if err = errors.Join(err, stopErr); err != nil {
		return result{}, err
	}
	delivered, err := countIDs(output)
	if err != nil {
		return result{}, err
	}
	u.Wall -= time.Since(since) - time.Since(p.started.Add(u.Wall)) // the pause that showed the end
	return r.finish(ctx, "Filebeat o365audit to a file", u, delivered)
}

func sizeOf(pattern string) (total int64, err error) {
	paths, err := filepath.Glob(pattern)
	for _, path := range paths {
		info, statErr := os.Stat(path)
		if statErr != nil {
			return 0, statErr
		}
		total += info.Size()
	}
	return total, err
}

// countIDs counts distinct records in Filebeat's output.
func countIDs(pattern string) (int64, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return 0, err
	}
	ids := map[string]bool{}
	for _, path := range paths {
		if err := addIDs(ids, path); err != nil {
			return 0, err
		}
	}
	return int64(len(ids)), nil
}

func addIDs(ids map[string]bool, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	decoder := json.NewDecoder(file)
	for {
		var line struct {
			Audit struct {
				ID string `json:"Id"`
			} `json:"o365audit"`
		}
		err := decoder.Decode(&line)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if line.Audit.ID != "" {
			ids[line.Audit.ID] = true
		}
	}
}
