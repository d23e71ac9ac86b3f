package defender

import (
	"context"
	"errors"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/schema"
	"github.com/quoll/quoll/simulate/lives"
	wording "github.com/quoll/quoll/tenantsim/defender"
)

// tables are those of Defender, and where records go that none of them knows.
var tables = append(slices.Clone(wording.Tables()), schema.DefenderEvents)

// secondDB is the database of the group's second member.
const secondDB = "second.db"

// boot opens everything and makes what is journalled visible.
func (l *life) boot(ctx context.Context, flushEvery time.Duration) (*lives.Process, error) {
	return l.machine.Boot(ctx, lives.Config{Clock: hasty{}, Tables: tables, FlushEvery: flushEvery, KeyRunRecords: l.keyRun, Room: l.room})
}

// room is that of a large disk, or of one that is nearly full: then nothing of any
// road is taken, although all else can be written.
func (l *life) room() (free, size uint64, err error) {
	size = 1 << 40
	if l.narrow {
		return 1 << 20, size, nil
	}
	return size, size, nil
}

// hasty is the machine's clock, whose waits are a hundredth as long.
type hasty struct{}

func (hasty) Now() time.Time { return time.Now().UTC() }

func (hasty) NewTimer(d time.Duration) clock.Timer { return clock.System().NewTimer(d / 100) }

// wire is a network that can be cut.
type wire struct {
	mu    sync.Mutex
	down  bool
	conns []net.Conn
}

var errCut = errors.New("the wire is cut")

func (w *wire) dial(ctx context.Context, network, address string) (net.Conn, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down {
		return nil, &net.OpError{Op: "dial", Net: network, Err: errCut}
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if err == nil {
		w.conns = append(w.conns, conn)
	}
	return conn, err
}

// cut ends every connection and, if it is to last, refuses new ones.
func (w *wire) cut(lasts bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.down = lasts
	for _, c := range w.conns {
		_ = c.Close() // what reads from it tells
	}
	w.conns = nil
}

func (w *wire) isDown() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.down
}
