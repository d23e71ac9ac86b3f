package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"unicode/utf8"

	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/normalise"
)

// RejectDir keeps rejects in a folder, one file of JSON lines for each journal
// entry that had any. The name is the entry's position, so that writing it
// again after a crash changes nothing.
type RejectDir struct{ dir string }

// NewRejectDir creates the folder if it is not there.
func NewRejectDir(dir string) (*RejectDir, error) {
	if err := durable.MkdirAll(durable.OS{}, dir, 0o750); err != nil {
		return nil, fmt.Errorf("create folder of rejects %s: %w", dir, err)
	}
	return &RejectDir{dir}, nil
}

// rejectLine is one line of a reject file. Raw is the text as it came; what is
// no UTF-8 is in RawBase64 instead.
type rejectLine struct {
	Position  uint64 `json:"position"`
	Name      string `json:"name"`
	Line      int64  `json:"line,omitempty"`
	Index     int    `json:"index"`
	Reason    string `json:"reason"`
	Raw       string `json:"raw,omitempty"`
	RawBase64 []byte `json:"raw_base64,omitempty"`
}

// Path returns the file for a journal position.
func (d *RejectDir) Path(position uint64) string {
	return filepath.Join(d.dir, fmt.Sprintf("%012d.jsonl", position))
}

// Reject implements Rejects.
func (d *RejectDir) Reject(_ context.Context, position uint64, p model.Payload, rejects []normalise.Reject) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	for _, r := range rejects {
		line := rejectLine{Position: position, Name: p.Name, Line: r.Line, Index: r.Index, Reason: r.Reason}
		if utf8.Valid(r.Raw) {
			line.Raw = string(r.Raw)
		} else {
			line.RawBase64 = r.Raw
		}
		if err := encoder.Encode(line); err != nil {
			return fmt.Errorf("write reject %d of position %d: %w", r.Index, position, err)
		}
	}
	return durable.WriteFile(durable.OS{}, d.Path(position), text.Bytes(), 0o640)
}
