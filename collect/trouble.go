package collect

import (
	"log/slog"
	"sync"
	"time"
)

// Trouble tells the log when something begins to fail, when it fails for another
// cause, and when it works again: once each, because what is tried again for days
// would bury everything else. It counts what failed for the status. It is safe
// for use by several goroutines.
type Trouble struct {
	what   string // "listing"
	logger *slog.Logger

	mu     sync.Mutex
	causes map[cause]bool // that the log was told of since it last worked
	since  time.Time
	row    int64
	all    int64
}

// cause is what of a problem makes it another one. Details differ by attempt.
type cause struct{ code, text string }

// mostCauses is of how many the log is told before it works again: codes are the
// server's, and one that makes up a new one each time must fill neither log nor memory.
const mostCauses = 100

// NewTrouble returns one for what is named by a noun: "reading the export".
func NewTrouble(what string, logger *slog.Logger) *Trouble {
	return &Trouble{what: what, logger: logger}
}

// Failed notes an attempt that failed with p, which is not nil. blocked says that
// a person has to mend it.
func (t *Trouble) Failed(p *Problem, blocked bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.row++
	t.all++
	if t.causes == nil {
		t.causes, t.since = map[cause]bool{}, p.Time
	}
	if one := (cause{p.Code, p.Cause}); !t.causes[one] && len(t.causes) < mostCauses {
		t.causes[one] = true
		log := t.logger.Warn
		if blocked {
			log = t.logger.Error
		}
		log(t.what+" fails; it is tried again and again", "cause", p.Cause, "code", p.Code, "remedy", p.Remedy, "error", p.Detail)
		return
	}
	t.logger.Debug(t.what+" fails still", "cause", p.Cause, "code", p.Code, "failures", t.row, "error", p.Detail)
}

// Works notes an attempt that succeeded.
func (t *Trouble) Works(now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.causes == nil {
		return
	}
	t.logger.Info(t.what+" works again", "failures", t.row, "after", now.Sub(t.since).Round(time.Second))
	t.causes, t.row = nil, 0
}

// Failures are the attempts that failed since the last that succeeded, and since
// the process started.
func (t *Trouble) Failures() (inRow, all int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.row, t.all
}
