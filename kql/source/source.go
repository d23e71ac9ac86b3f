// Package source holds the text of a query, positions in it, and the
// diagnostics that the stages of the compiler collect while they work on it.
//
// It knows nothing of the language: no token, no tree, no type. It imports
// only the standard library.
package source

// Span is a half-open range of byte offsets in the text of a query.
type Span struct{ Start, End int }

// Join returns the smallest span that covers both.
func (s Span) Join(o Span) Span {
	return Span{Start: min(s.Start, o.Start), End: max(s.End, o.End)}
}

// Diagnostic is one mistake in a query: where it is, what is wrong, and what
// would be right.
type Diagnostic struct {
	Span    Span
	Message string
	// Remedy names the nearest thing that works, or is empty.
	Remedy string
}
