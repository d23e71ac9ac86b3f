// Package budget bounds the work of compiling one query: a number of steps, and
// a question that is asked again and again whether somebody still waits.
//
// Each stage spends a step for each node, token or pass over a text. The bounds
// of package syntax and package bind refuse what is too large at its place; this
// is the last bound, of what nobody thought of. It knows nothing of the language.
package budget

import "errors"

// DefaultSteps is far above what people write: published queries take at most
// five thousand steps. It is used up within about three seconds.
const DefaultSteps = 5_000_000

// ErrSpent says that compiling took more steps than it may.
var ErrSpent = errors.New("compiling the query takes too many steps")

// asking is after how many steps a budget asks whether it is interrupted.
const asking = 1024

// Budget is what one query may spend. A nil Budget has no bound. It is used by
// one goroutine.
type Budget struct {
	left        int64
	unasked     int64
	interrupted func() error
}

// New returns a budget of so many steps; none are DefaultSteps. interrupted, if it
// is not nil, is asked every thousand steps or so, and its error ends the work.
func New(steps int64, interrupted func() error) *Budget {
	if steps <= 0 {
		steps = DefaultSteps
	}
	return &Budget{left: steps, interrupted: interrupted}
}

// stop ends the function of Do from wherever it is.
type stop struct {
	of  *Budget
	err error
}

// Do calls f, in which Spend and Stop may be called. It returns ErrSpent, the
// error of the interruption or that of Stop, when one of them ended f.
func (b *Budget) Do(f func()) (err error) {
	defer func() {
		switch p := recover().(type) {
		case nil:
		case stop:
			if p.of != b {
				panic(p)
			}
			err = p.err
		default:
			panic(p) // the frames of the first panic are still below
		}
	}()
	f()
	return nil
}

// Spend takes steps; when there are no more, or when the budget is interrupted,
// it does not return.
func (b *Budget) Spend(steps int) {
	if b == nil {
		return
	}
	b.left -= int64(steps)
	b.unasked += int64(steps)
	if b.left < 0 {
		panic(stop{b, ErrSpent})
	}
	if b.unasked < asking || b.interrupted == nil {
		return
	}
	b.unasked = 0
	if err := b.interrupted(); err != nil {
		panic(stop{b, err})
	}
}

// Stop ends the function of Do with an error.
func (b *Budget) Stop(err error) { panic(stop{b, err}) }
