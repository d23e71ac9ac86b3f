package witness

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/quoll/quoll/archive/proof"
	"github.com/quoll/quoll/internal/durable"
)

// Config says which logs a witness watches and where it keeps what it saw.
type Config struct {
	// Dir is the witness's folder. It is created if it does not exist.
	Dir string
	// Logs are the keys of the logs; several of one name are keys of one log.
	Logs []note.Verifier
	// Signer is the witness's own key.
	Signer *proof.Cosigner

	Now func() time.Time // nil is time.Now
	FS  durable.FS       // nil is the operating system's
	Log *slog.Logger     // nil is slog.Default()
}

// Witness cosigns checkpoints. It is an http.Handler for <prefix>/add-checkpoint,
// and may be used by several goroutines.
type Witness struct {
	cfg  Config
	lock io.Closer
	logs map[string]*watched // by origin
}

// ErrLocked: another process has the witness's folder open.
var ErrLocked = errors.New("witness is open in another process")

// Open opens the folder of a witness, takes its lock, and reads the last
// checkpoint of each log.
func Open(cfg Config) (*Witness, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.FS == nil {
		cfg.FS = durable.OS{}
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if err := durable.MkdirAll(cfg.FS, cfg.Dir, 0o750); err != nil {
		return nil, fmt.Errorf("open witness: %w", err)
	}
	lock, err := cfg.FS.Lock(cfg.Dir + "/LOCK")
	if errors.Is(err, durable.ErrLocked) {
		return nil, fmt.Errorf("%w: %s", ErrLocked, cfg.Dir)
	}
	if err != nil {
		return nil, fmt.Errorf("open witness: %w", err)
	}
	w := &Witness{cfg: cfg, lock: lock, logs: map[string]*watched{}}
	for _, key := range cfg.Logs {
		l := w.logs[key.Name()]
		if l == nil {
			l = &watched{store: store{fs: cfg.FS, dir: logDir(cfg.Dir, key.Name())}}
			w.logs[key.Name()] = l
		}
		l.keys = append(l.keys, key)
	}
	for origin, l := range w.logs {
		if err := l.load(); err != nil {
			return nil, errors.Join(fmt.Errorf("open witness: log %s: %w", origin, err), w.Close())
		}
	}
	return w, nil
}

// Close closes the folder. No request may be under way.
func (w *Witness) Close() error {
	var errs []error
	for _, l := range w.logs {
		errs = append(errs, l.store.close())
	}
	return errors.Join(append(errs, w.lock.Close())...)
}

// Latest returns the last checkpoint cosigned of a log, with the cosignature; nil
// if there is none.
func (w *Witness) Latest(origin string) []byte {
	l := w.logs[origin]
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest == nil {
		return nil
	}
	return bytes.Clone(l.latest.Signed)
}

// maxRequest bounds a request in bytes.
const maxRequest = 2 * proof.MaxCheckpoint

// ServeHTTP implements http.Handler.
func (w *Witness) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/add-checkpoint") {
		http.NotFound(rw, r)
		return
	}
	if r.Method != http.MethodPost {
		rw.Header().Set("Allow", http.MethodPost)
		http.Error(rw, "add-checkpoint takes POST", http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxRequest))
	if err != nil {
		http.Error(rw, "the request cannot be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	a := w.add(body)
	if a.status == http.StatusConflict && a.size >= 0 {
		rw.Header().Set("Content-Type", "text/x.tlog.size")
	} else {
		rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	rw.WriteHeader(a.status)
	_, _ = rw.Write(a.body) // who went away will ask again
}

// answer is the answer to a request; size is -1 unless the body is a tree size.
type answer struct {
	status int
	size   int64
	body   []byte
}

func refuse(status int, format string, args ...any) answer {
	return answer{status, -1, fmt.Appendf(nil, format+"\n", args...)}
}

// request is an add-checkpoint request.
type request struct {
	old        int64
	hashes     []string
	origin     string
	checkpoint []byte
}

func parseRequest(body []byte) (*request, error) {
	head, checkpoint, found := bytes.Cut(body, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	number, ok := strings.CutPrefix(lines[0], "old ")
	old, err := strconv.ParseInt(number, 10, 64)
	if !found || !ok || err != nil || old < 0 || strconv.FormatInt(old, 10) != number {
		return nil, errors.New("a request is a line \"old <size>\", lines of hashes, an empty line, and a checkpoint")
	}
	origin, _, _ := bytes.Cut(checkpoint, []byte("\n"))
	return &request{old: old, hashes: lines[1:], origin: string(origin), checkpoint: checkpoint}, nil
}

// watched is one log.
type watched struct {
	keys []note.Verifier

	mu     sync.Mutex
	store  store
	stale  bool              // the store must be read again: a write failed
	latest *proof.Checkpoint // nil before the first
}

// add does what C2SP tlog-witness says, in its order. The look at the latest
// checkpoint and the writing of the next are under one lock.
func (w *Witness) add(body []byte) answer {
	r, err := parseRequest(body)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	l := w.logs[r.origin]
	if l == nil {
		return refuse(http.StatusNotFound, "the log %q is not known here", r.origin)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.stale {
		if err := l.load(); err != nil {
			return w.failed(r.origin, err)
		}
	}
	c, err := l.open(r.checkpoint)
	if errors.Is(err, proof.ErrFormat) {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	if err != nil {
		w.alarm(l, AlarmKey, "no known key has signed it: "+err.Error(), r.checkpoint)
		return refuse(http.StatusForbidden, "no signature of a key that is known for the log %q", r.origin)
	}
	if r.old > c.Size {
		return refuse(http.StatusBadRequest, "old size %d is above the checkpoint's, %d", r.old, c.Size)
	}
	if known := l.size(); r.old != known {
		if c.Size < known {
			w.alarm(l, AlarmRollback, fmt.Sprintf("it has %d leaves, there were %d", c.Size, known), r.checkpoint)
		}
		return answer{http.StatusConflict, known, fmt.Appendf(nil, "%d\n", known)}
	}
	return w.grow(l, r, c)
}

// grow cosigns a checkpoint whose old size is the latest, if it has grown out of
// that.
func (w *Witness) grow(l *watched, r *request, c *proof.Checkpoint) answer {
	latest := l.latest
	if latest == nil { // nothing was seen: any tree has grown out of that
		root, _ := tlog.TreeHash(0, nil) // the hash of nothing cannot fail
		latest = &proof.Checkpoint{Origin: c.Origin, Root: root}
	}
	hashes, err := proof.ParseHashes(r.hashes)
	if err != nil {
		return refuse(http.StatusBadRequest, "%v", err)
	}
	if latest.Size == c.Size && latest.Root != c.Root {
		w.alarm(l, AlarmSplit, fmt.Sprintf("two trees of %d leaves", c.Size), r.checkpoint)
		return answer{http.StatusConflict, c.Size, fmt.Appendf(nil, "%d\n", c.Size)}
	}
	if err := proof.CheckConsistency(latest, c, hashes); err != nil {
		w.alarm(l, AlarmSplit, err.Error(), r.checkpoint)
		return refuse(http.StatusUnprocessableEntity, "%v", err)
	}
	now := w.cfg.Now()
	line, err := w.cfg.Signer.Cosign(c.Text, now)
	if err != nil {
		return w.failed(r.origin, err)
	}
	// A first checkpoint of an empty log is kept like any other.
	if l.latest == nil || c.Size > latest.Size {
		kept := *c
		kept.Signed = append(bytes.Clone(c.Signed), line...)
		if err := l.store.keep(Kept{Time: now.UTC(), Checkpoint: string(kept.Signed)}); err != nil {
			l.stale = true
			return w.failed(r.origin, err)
		}
		l.latest = &kept
	}
	return answer{http.StatusOK, -1, line}
}

// open checks a checkpoint against the keys of the log, and drops signatures of
// others.
func (l *watched) open(signed []byte) (*proof.Checkpoint, error) {
	var errs []error
	for _, key := range l.keys {
		c, err := proof.OpenCheckpoint(signed, key, nil)
		if err == nil {
			c.Signed = ownSignature(signed, key)
			return &c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// ownSignature returns a note with the signature lines of one key's name alone.
func ownSignature(signed []byte, key note.Verifier) []byte {
	text, sigs, _ := bytes.Cut(signed, []byte("\n\n"))
	out := append(bytes.Clone(text), "\n\n"...)
	for _, line := range bytes.SplitAfter(sigs, []byte("\n")) {
		if bytes.HasPrefix(line, fmt.Appendf(nil, "— %s ", key.Name())) {
			out = append(out, line...)
		}
	}
	return out
}

func (l *watched) size() int64 {
	if l.latest == nil {
		return 0
	}
	return l.latest.Size
}

// load reads the last checkpoint that is on disk.
func (l *watched) load() error {
	kept, err := l.store.open()
	if err != nil {
		return err
	}
	l.latest, l.stale = nil, false
	if kept == nil {
		return nil
	}
	for _, key := range l.keys {
		if c, err := proof.OpenCheckpoint([]byte(kept.Checkpoint), key, nil); err == nil {
			l.latest = &c
			return nil
		}
	}
	return fmt.Errorf("%s: the last checkpoint is not signed by a key that is configured; if the log has changed its key, name the old one too", l.store.file(checkpointsFile))
}

func (w *Witness) failed(origin string, err error) answer {
	w.cfg.Log.Error("the witness cannot keep a checkpoint", "log", origin, "error", err)
	return refuse(http.StatusInternalServerError, "the checkpoint could not be kept")
}

// alarm keeps what was refused, as far as that is bounded.
func (w *Witness) alarm(l *watched, what, detail string, offered []byte) {
	a := Alarm{Time: w.cfg.Now().UTC(), What: what, Detail: detail, Offered: string(offered)}
	if l.latest != nil {
		a.Known = string(l.latest.Signed)
	}
	kept, err := l.store.alarm(a)
	if err != nil {
		l.stale = true
		w.cfg.Log.Error("the witness cannot keep an alarm", "error", err)
	}
	if kept || err != nil { // said once, not with every repetition
		w.cfg.Log.Error("a checkpoint was refused", "log", l.keys[0].Name(), "alarm", what, "detail", detail)
	}
}
