// Package witness is what keeps the holder of an archive's key honest: on
// another machine, it remembers the last checkpoint it saw of each log, and signs
// the next one only if that log's tree has grown out of it. It speaks C2SP
// tlog-witness, and its signatures are cosignature/v1, so that other witnesses
// may serve Quoll's archives, and this one other logs.
//
// A Witness answers add-checkpoint and keeps every checkpoint it has cosigned,
// whole. What it refuses although the log's key signed it is evidence, and kept
// too: a split view (two trees of one size, or one that has not grown out of the
// last), a rollback (an older tree than the last), and a checkpoint under another
// key. A Collector is the other side: it asks witnesses to cosign an archive's
// checkpoint.
//
// The package must not know how an archive is stored, and a Witness never sees a
// leaf.
package witness

import (
	"errors"
	"time"
)

// The errors of a Collector. Each but ErrUnknown says that something is wrong
// with the archive or its key, and that the witness has kept the evidence.
var (
	// ErrSplit: the witness saw another tree than this one.
	ErrSplit = errors.New("the witness has seen another history of this log")
	// ErrRollback: the witness has seen a longer tree.
	ErrRollback = errors.New("the witness has seen more of this log than there is")
	// ErrKey: the witness knows the log under another key.
	ErrKey = errors.New("the witness knows this log under another key")
	// ErrUnknown: the witness has not been told of the log.
	ErrUnknown = errors.New("the witness does not know this log")
)

// What a witness refused and kept.
const (
	AlarmSplit    = "split-view"
	AlarmRollback = "rollback"
	AlarmKey      = "unknown-key"
)

// Alarm is one line of alarms.jsonl: what a witness refused.
type Alarm struct {
	Time   time.Time `json:"time"`
	What   string    `json:"what"`
	Detail string    `json:"detail"`
	// Offered is the checkpoint that was refused, Known the last one cosigned,
	// empty if there was none. Where What is not AlarmKey, both have the log's
	// signature: together they are the proof.
	Offered string `json:"offered"`
	Known   string `json:"known"`
}

// Kept is one line of checkpoints.jsonl: a checkpoint that was cosigned.
type Kept struct {
	Time       time.Time `json:"time"`
	Checkpoint string    `json:"checkpoint"` // with the cosignature
}
