package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/quoll/quoll/internal/objectstore"
)

const (
	// Below leastFree collecting would stop within hours; below littleFree it is
	// time to look.
	leastFree  = 1 << 30
	littleFree = 20 << 30
)

// machine checks what does not concern one tenant.
func (r *run) machine() {
	for _, problem := range r.Problems {
		r.say("configuration", Blocking, problem.Error(), "Mend it in the configuration file.")
	}
	data := r.folder("data folder", r.DataDir)
	archive := r.folder("archive folder", r.ArchiveDir)
	if data == "" || archive == "" {
		return
	}
	switch same, err := sameDevice(data, archive); {
	case err != nil:
		r.say("archive device", Note, "it cannot be told whether archive and data are on one device: "+err.Error(), "")
	case same:
		r.say("archive device", Warning, "the archive is on the same device as the data; one broken disk takes both",
			"Set archive_dir to a folder on another disk or a mounted share.")
	default:
		r.say("archive device", OK, "archive and data are on different devices", "")
	}
}

// folder checks that a folder can be written to and has room, and returns the
// folder, or its nearest parent that exists; empty when it cannot be used.
func (r *run) folder(check, dir string) string {
	if dir == "" {
		return ""
	}
	there, err := nearest(dir)
	if err == nil {
		err = writable(there)
	}
	if err != nil {
		r.say(check, Blocking, fmt.Sprintf("%s cannot be written to: %v", dir, err), "Give it to the user that runs quoll (chown), or name another folder in the configuration.")
		return ""
	}
	what := dir + " is writable"
	if there != dir {
		what = dir + " will be made in " + there
	}
	free, _, err := DiskSpace(there)
	switch {
	case err != nil:
		r.say(check, Note, what+"; its free space cannot be told: "+err.Error(), "")
	case free < leastFree:
		r.say(check, Blocking, fmt.Sprintf("%s, but only %s are free", what, size(free)), "Make room on that disk, or name a folder on another.")
	case free < littleFree:
		r.say(check, Warning, fmt.Sprintf("%s, with %s free", what, size(free)), "Make room: a tenant of a thousand people fills about a gigabyte a week.")
	default:
		r.say(check, OK, fmt.Sprintf("%s, with %s free", what, size(free)), "")
	}
	return there
}

// copy asks a store whether it answers, and whether it locks what it is given.
func (r *run) copy(ctx context.Context, c Copy) {
	check := "archive copy " + c.Name
	var l objectstore.Locking
	var err error
	r.step(ctx, func(ctx context.Context) { l, err = c.Locking(ctx) })
	switch {
	case err != nil:
		r.say(check, Warning, fmt.Sprintf("%s does not answer as it should: %v", c.Place, err), "Everything else goes on without this copy. Look at its address, its credentials and their rights.")
	case l.Can && !c.Retain:
		r.say(check, Note, c.Place+": "+l.Found+", and retain_days is not set: copies are not locked", "Set retain_days for this copy in the configuration.")
	case l.Can:
		r.say(check, OK, c.Place+": "+l.Found, "")
	case l.Unknown || !c.Retain:
		r.say(check, Note, c.Place+": "+l.Found, l.Remedy)
	default:
		r.say(check, Warning, c.Place+": "+l.Found+"; retain_days has no effect", l.Remedy)
	}
}

// endsSoon is how long before the end of a peer's certificate one should know.
const endsSoon = 14 * 24 * time.Hour

func (r *run) peer(ctx context.Context, p Peer) {
	var a PeerAnswer
	r.step(ctx, func(ctx context.Context) { a = p.Ask(ctx) })
	switch left := a.Ends.Sub(r.Clock.Now()); {
	case a.Err != nil:
		r.say(p.Check, Warning, fmt.Sprintf("%s: %v", p.Place, a.Err), a.Remedy)
	case a.Ends.IsZero():
		r.say(p.Check, OK, p.Place+": "+a.Found, "")
	case left < endsSoon:
		r.say(p.Check, Warning, fmt.Sprintf("%s: %s, and a certificate of it ends at %s", p.Place, a.Found, a.Ends.UTC().Format(time.RFC3339)), "Ask who runs it for a new certificate before then. What was signed until then holds on.")
	default:
		r.say(p.Check, OK, fmt.Sprintf("%s: %s; its certificates hold until %s", p.Place, a.Found, a.Ends.UTC().Format(time.DateOnly)), "")
	}
}

// nearest returns the folder or its nearest parent that exists.
func nearest(dir string) (string, error) {
	for {
		info, err := os.Stat(dir)
		switch parent := filepath.Dir(dir); {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is no folder", dir)
		case err == nil:
			return dir, nil
		case !errors.Is(err, fs.ErrNotExist) || parent == dir:
			return "", err
		default:
			dir = parent
		}
	}
}

func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".quoll-check-*")
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

func size(bytes uint64) string {
	if bytes >= 10<<30 {
		return fmt.Sprintf("%d GiB", bytes>>30)
	}
	return fmt.Sprintf("%.1f GiB", float64(bytes)/(1<<30))
}
