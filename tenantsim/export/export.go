// Package export writes Defender records to a folder in the layout of the
// Streaming API's export to a storage account: a container for each table, an
// append blob for each hour of event time.
//
// It must not know what a record says, nor when it is due.
package export

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"
)

// containerPrefix begins the name of every container.
const containerPrefix = "insights-logs-advancedhunting-"

// Line is one record on its way to the file of its hour.
type Line struct {
	Table string
	Time  time.Time // event time: decides the file
	Text  []byte    // without a line break
}

// Path is the file of a table and an hour below the export folder.
func Path(tenantID, table string, at time.Time) string {
	return filepath.Join(containerPrefix+strings.ToLower(table), "tenantId="+tenantID,
		at.UTC().Format("y=2006"), at.UTC().Format("m=01"), at.UTC().Format("d=02"), at.UTC().Format("h=15"), "m=00", "PT1H.json")
}

// Append adds lines to their files, in the order given, each line ending in CR
// LF. Nothing that stands in a file is changed.
func Append(dir, tenantID string, lines []Line) error {
	texts := map[string]*bytes.Buffer{}
	for _, line := range lines {
		path := filepath.Join(dir, Path(tenantID, line.Table, line.Time))
		if texts[path] == nil {
			texts[path] = &bytes.Buffer{}
		}
		texts[path].Write(line.Text)
		texts[path].WriteString("\r\n")
	}
	paths := make([]string, 0, len(texts))
	for path := range texts {
		paths = append(paths, path)
	}
	sort.Strings(paths)
	for _, path := range paths {
		if err := appendFile(path, texts[path].Bytes()); err != nil {
			return err
		}
	}
	return nil
}

func appendFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return fmt.Errorf("make folder of export: %w", err)
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("open export: %w", err)
	}
	_, writeErr := f.Write(text)
	if err := errors.Join(writeErr, f.Close()); err != nil {
		return fmt.Errorf("append to export: %w", err)
	}
	return nil
}
