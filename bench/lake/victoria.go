package main

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// startVictoria starts VictoriaLogs on an empty folder and gives it the rows of a
// native table: time, the columns that are asked for, and the whole record as the
// message.
func startVictoria(ctx context.Context, program, dir string, rows *sql.DB) (store, func(), error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return store{}, nil, err
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		return store{}, nil, err
	}
	command := exec.CommandContext(ctx, program, "-storageDataPath="+dir, "-httpListenAddr="+address, "-retentionPeriod=100y", "-loggerLevel=ERROR")
	if err := command.Start(); err != nil {
		return store{}, nil, err
	}
	stop := func() {
		_ = command.Process.Signal(os.Interrupt)
		_ = command.Wait() // its exit code says nothing of the figures
	}
	base := "http://" + address
	if err := errors.Join(waitFor(ctx, base+"/health"), insert(ctx, base, rows)); err != nil {
		stop()
		return store{}, nil, err
	}
	pid := command.Process.Pid
	return store{
		name: "VictoriaLogs", ask: func(ctx context.Context, c *comparison) (int, error) { return askVictoria(ctx, base, c.logs) },
		cpu: func() time.Duration { return processorOf(pid) }, each: 20,
	}, stop, nil
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

// insert sends all rows as JSON lines, a request for some thousand of them, and has
// them merged.
func insert(ctx context.Context, base string, db *sql.DB) error {
	rows, err := db.QueryContext(ctx, "SELECT TimeGenerated, Id, UserId, ClientIP, ObjectId, Operation, AppAccessContext, Record FROM t")
	if err != nil {
		return err
	}
	defer rows.Close()
	var body bytes.Buffer
	lines := json.NewEncoder(&body)
	send := func() error {
		address := base + "/insert/jsonline?_stream_fields=Operation&_time_field=_time&_msg_field=Record"
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
	for rows.Next() {
		var at time.Time
		var texts [7]sql.NullString
		if err := rows.Scan(&at, &texts[0], &texts[1], &texts[2], &texts[3], &texts[4], &texts[5], &texts[6]); err != nil {
			return err
		}
		line := map[string]string{"_time": at.UTC().Format(time.RFC3339Nano)}
		for i, name := range []string{"Id", "UserId", "ClientIP", "ObjectId", "Operation", "AppAccessContext", "Record"} {
			if texts[i].String != "" {
				line[name] = texts[i].String
			}
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
		if body.Len() > 8<<20 {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(rows.Err(), send()); err != nil {
		return err
	}
	for _, path := range []string{"/internal/force_flush", "/internal/force_merge"} {
		response, err := get(ctx, base+path)
		if err != nil {
			return err
		}
		if err := response.Close(); err != nil {
			return err
		}
	}
	return nil
}

// askVictoria runs a query of LogsQL; what is the message there is Record here.
func askVictoria(ctx context.Context, base, text string) (n int, err error) {
	text = strings.NewReplacer("Record:", "_msg:", "fields Record", "fields _msg").Replace(text)
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
