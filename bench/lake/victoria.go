package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/quoll/quoll/internal/pagecache"
)

// victoria is a VictoriaLogs with a folder of its own.
type victoria struct {
	program, dir string
	command      *exec.Cmd
	base         string // its address
}

// openVictoria starts VictoriaLogs on a folder, and gives it rows if the folder has none
// yet.
func openVictoria(ctx context.Context, program, dir string, db *sql.DB, sources []source) (store, func(), error) {
	v := &victoria{program: program, dir: dir}
	_, err := os.Stat(filepath.Join(dir, filled))
	if err := v.start(ctx); err != nil {
		return store{}, nil, err
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err := v.fill(ctx, db, sources); err != nil {
			v.stop()
			return store{}, nil, err
		}
	}
	return store{
		name: "VictoriaLogs", ask: func(ctx context.Context, c *comparison) (int, error) { return askVictoria(ctx, v.base, c.logs) },
		cpu: func() time.Duration { return processorOf(v.command.Process.Pid) }, each: 20,
		fresh: func(ctx context.Context) error {
			v.stop()
			if err := pagecache.Forget(v.dir, ""); err != nil {
				return err
			}
			return v.start(ctx)
		},
	}, v.stop, nil
}

// filled is the name of a file in a folder of VictoriaLogs that has all rows.
const filled = "quoll-bench-filled"

func (v *victoria) fill(ctx context.Context, db *sql.DB, sources []source) error {
	began, before := time.Now(), processorOf(v.command.Process.Pid)
	for _, s := range sources {
		if err := insert(ctx, v.base, db, s); err != nil {
			return fmt.Errorf("%s: %w", s.table, err)
		}
		fmt.Fprintf(os.Stderr, "VictoriaLogs has %s after %.0f s, %.0f s of its processor time\n", s.table, time.Since(began).Seconds(), (processorOf(v.command.Process.Pid) - before).Seconds())
	}
	if err := v.merge(ctx); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(v.dir, filled), nil, 0o600)
}

// merge has all that was inserted written and merged.
func (v *victoria) merge(ctx context.Context) error {
	for _, path := range []string{"/internal/force_flush", "/internal/force_merge"} {
		response, err := get(ctx, v.base+path)
		if err != nil {
			return err
		}
		if err := response.Close(); err != nil {
			return err
		}
	}
	return nil
}

func (v *victoria) start(ctx context.Context) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return err
	}
	v.base = "http://" + address
	v.command = exec.CommandContext(ctx, v.program, "-storageDataPath="+v.dir, "-httpListenAddr="+address, "-retentionPeriod=100y", "-loggerLevel=ERROR")
	if err := v.command.Start(); err != nil {
		return err
	}
	ready, cancel := context.WithTimeout(ctx, time.Minute) // another may have the folder
	defer cancel()
	if err := waitFor(ready, v.base+"/health"); err != nil {
		v.stop()
		return fmt.Errorf("VictoriaLogs does not answer: %w", err)
	}
	return nil
}

func (v *victoria) stop() {
	_ = v.command.Process.Signal(os.Interrupt)
	_ = v.command.Wait() // its exit code says nothing of the figures
}

func waitFor(ctx context.Context, address string) error {
	for {
		response, err := get(ctx, address)
		if err == nil {
			return response.Close()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func get(ctx context.Context, address string) (io.ReadCloser, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 1000))
		return nil, errors.Join(fmt.Errorf("%s: %s", response.Status, text), response.Body.Close())
	}
	return response.Body, nil
}

// source is a table of the lake with the columns that VictoriaLogs is given of it, of
// which Record is the message there.
type source struct {
	table   string
	columns []string
	files   []string // quoted for SQL
}

// lines is a query whose rows are lines of JSON. VictoriaLogs takes an empty text for no
// value.
func (s *source) lines(file string) string {
	fields := []string{"_time: strftime(TimeGenerated, '%Y-%m-%dT%H:%M:%S.%fZ')", "\"Table\": '" + s.table + "'"}
	for _, name := range s.columns {
		fields = append(fields, fmt.Sprintf("%q: coalesce(CAST(%q AS VARCHAR), '')", name, name))
	}
	return "SELECT CAST(to_json({" + strings.Join(fields, ", ") + "}) AS VARCHAR) FROM read_parquet(" + file + ")"
}

// insert sends all rows of a table, file by file: the driver holds an answer whole.
func insert(ctx context.Context, base string, db *sql.DB, s source) error {
	for _, file := range s.files {
		if err := insertFile(ctx, base, db, s.lines(file)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// insertFile sends rows as JSON lines, a request for some thousand of them.
func insertFile(ctx context.Context, base string, db *sql.DB, lines string) error {
	rows, err := db.QueryContext(ctx, lines)
	if err != nil {
		return err
	}
	defer rows.Close()
	var body bytes.Buffer
	send := func() error {
		address := base + "/insert/jsonline?_stream_fields=Table,Operation&_time_field=_time&_msg_field=Record"
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		body.Reset()
		if response.StatusCode != http.StatusOK {
			return errors.Join(errors.New(response.Status), response.Body.Close())
		}
		return response.Body.Close()
	}
	var line sql.RawBytes
	for rows.Next() {
		if err := rows.Scan(&line); err != nil {
			return err
		}
		body.Write(line)
		body.WriteByte('\n')
		if body.Len() > 8<<20 {
			if err := send(); err != nil {
				return err
			}
		}
	}
	return errors.Join(rows.Err(), send())
}

// askVictoria runs a query of LogsQL; what is the message there is Record here.
func askVictoria(ctx context.Context, base, text string) (n int, err error) {
	text = strings.NewReplacer("Record:", "_msg:", "fields Record", "fields _msg").Replace(text)
	if !strings.Contains(text, "{Table") {
		text = `{Table="UnifiedAuditLog"} ` + text
	}
	if !strings.Contains(text, "_time:2") {
		text = "_time:[2000-01-01Z, 2100-01-01Z] " + text
	}
	response, err := get(ctx, base+"/select/logsql/query?"+url.Values{"query": {text}}.Encode())
	if err != nil {
		return 0, err
	}
	defer response.Close()
	lines := bufio.NewScanner(response)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		n++
	}
	return n, lines.Err()
}

// processorOf returns the processor time of a process so far, as Linux counts it in
// hundredths of a second.
func processorOf(pid int) time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	var ticks int64
	for _, at := range []int{11, 12} { // utime, stime
		n, _ := strconv.ParseInt(fields[at], 10, 64)
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}
