// Package pipeline joins the parts of the river: what collectors bring goes
// into the journal, every journal entry is normalised and applied to the lake
// in the order of the journal, the lake is flushed now and then, and the
// archive follows the journal at its own pace. It also imports files and
// replays the journal.
//
// It must not know how payloads are fetched, what is in them or how rows are
// stored; it knows only the order of things and what to do when one of them
// fails. Nothing is lost in between: the journal has every payload, and the
// lake says from which position on it needs them again.
package pipeline
