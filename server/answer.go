package server

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
)

// answerMemory is how many bytes of an answer lie in memory; beyond, it lies in a file.
const answerMemory = 1 << 20

// answer is the rows of a result on their way: JSON as soon as the engine gives them,
// which takes a fraction of what they take as values. Nothing is sent before the last
// of them, so that an answer is whole, and written down, or an error.
type answer struct {
	dir    string // where the file is made
	buffer []byte
	file   *os.File // once it is too large for memory; it has no name
	count  int      // rows
}

// add takes a batch of rows. It implements QueryRequest.Each.
func (a *answer) add(columns []ResultColumn, rows [][]any) error {
	if err := checkCells(len(columns), rows); err != nil {
		return err
	}
	for _, row := range rows {
		if a.count > 0 {
			a.buffer = append(a.buffer, ',')
		}
		a.buffer = appendRow(a.buffer, row)
		a.count++
	}
	if len(a.buffer) < answerMemory {
		return nil
	}
	return a.spill()
}

// again lets go of all rows. It implements QueryRequest.Again.
func (a *answer) again() error {
	a.buffer, a.count = a.buffer[:0], 0
	if a.file == nil {
		return nil
	}
	_, err := a.file.Seek(0, io.SeekStart)
	if err := errors.Join(err, a.file.Truncate(0)); err != nil {
		return fmt.Errorf("begin a large answer again: %w", err)
	}
	return nil
}

// spill moves what is in memory to the end of the file.
func (a *answer) spill() error {
	if a.file == nil {
		file, err := unnamed(a.dir)
		if err != nil {
			return fmt.Errorf("keep a large answer: %w", err)
		}
		a.file = file
	}
	if _, err := a.file.Write(a.buffer); err != nil {
		return fmt.Errorf("keep a large answer: %w", err)
	}
	a.buffer = a.buffer[:0]
	return nil
}

// unnamed makes a file that is gone when it is closed, also by a crash, where an open file
// can be removed.
func unnamed(dir string) (*os.File, error) {
	if dir != "" {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, err
		}
	}
	file, err := os.CreateTemp(dir, "answer-*.spool")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(file.Name())
	return file, nil
}

// send writes the answer: the rows between what the result has besides them. It
// returns an error only before the first byte.
func (a *answer) send(w http.ResponseWriter, result *QueryResult) error {
	head, tail, err := frame(&QueryResult{Columns: result.Columns, Visualization: result.Visualization, Statistics: result.Statistics, Name: result.Name})
	if err != nil {
		return err
	}
	if a.file != nil {
		if _, err := a.file.Seek(0, io.SeekStart); err != nil {
			return fmt.Errorf("read a large answer again: %w", err)
		}
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	out := bufio.NewWriterSize(w, 64<<10)
	_, _ = out.WriteString(`{"columns":`)
	_, _ = out.Write(head)
	_, _ = out.WriteString(`,"rows":[`)
	if a.file != nil {
		if _, err := io.Copy(out, a.file); err != nil {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
	}
	_, _ = out.Write(a.buffer)
	_, _ = out.WriteString("],")
	_, _ = out.Write(tail[1 : len(tail)-1])
	_, _ = out.WriteString("}\n")
	_ = out.Flush() // or the client is gone
	return nil
}

func (a *answer) close() {
	if a.file == nil {
		return
	}
	_ = a.file.Close()
	_ = os.Remove(a.file.Name()) // where it could not be before
}
