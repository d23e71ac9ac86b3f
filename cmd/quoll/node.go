package main

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/quoll/quoll/archive"
	"github.com/quoll/quoll/archive/copies"
	"github.com/quoll/quoll/archive/rowfiles"
	"github.com/quoll/quoll/archive/stamps"
	"github.com/quoll/quoll/archive/witness"
	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/config"
	"github.com/quoll/quoll/drift"
	"github.com/quoll/quoll/internal/clock"
	"github.com/quoll/quoll/internal/durable"
	"github.com/quoll/quoll/internal/state"
	"github.com/quoll/quoll/journal"
	"github.com/quoll/quoll/lake"
	"github.com/quoll/quoll/library"
	"github.com/quoll/quoll/normalise"
	"github.com/quoll/quoll/pipeline"
	"github.com/quoll/quoll/preflight"
	"github.com/quoll/quoll/query"
	"github.com/quoll/quoll/query/duckdb"
)

// paths are where a node keeps things.
type paths struct {
	data, archive, origin string
	// recipients are whom the archive is encrypted to, with spaces between, and
	// identities the file that opens it.
	recipients, identities string
	stampRoots             string // files of root certificates of time stamps, one a line
	rowHashes              bool   // of row files hashes alone
	// store is lake.store of the configuration, as config.ReadLakeStore takes it; empty:
	// the tables are on the disk.
	store, storeDir string
	minimum         string // how long the archive keeps payloads at least; empty: for ever
	// elsewhere says why the archive is not to be opened: the data directory was moved or
	// copied, and the archive may be that of another.
	elsewhere error
}

// archiveConfig is how an archive is opened for writing.
func (p paths) archiveConfig() (archive.Config, error) {
	settings := archive.DefaultConfig(p.archive, p.keyFile())
	settings.Origin = p.origin
	var err error
	settings.Recipients, err = archive.ParseRecipients(strings.Fields(p.recipients))
	return settings, err
}

func (p paths) journal() string { return filepath.Join(p.data, "journal") }
func (p paths) lake() string    { return filepath.Join(p.data, "lake") }

// tombstones is where lake.Config has them by default.
func (p paths) tombstones() string { return p.lake() + "-tombstones" }

func (p paths) state() string   { return filepath.Join(p.data, "state.db") }
func (p paths) spool() string   { return filepath.Join(p.data, "spool") }
func (p paths) rejects() string { return filepath.Join(p.data, "rejects") }
func (p paths) keyFile() string { return filepath.Join(p.data, "keys", "archive.key") }
func (p paths) verifier() string {
	return filepath.Join(p.data, "keys", "archive.pub")
}

// configuredPaths are the paths that a configuration has.
func configuredPaths(c *config.Config) paths {
	p := paths{
		data: c.DataDir, archive: c.ArchiveDir, origin: c.ArchiveOrigin,
		recipients: strings.Join(c.ArchiveEncryption.Recipients, " "), identities: c.ArchiveEncryption.IdentityFile, minimum: c.ArchiveMinimum, rowHashes: c.ArchiveRowHashes,
	}
	var roots []string
	for _, a := range c.ArchiveTimestamps {
		roots = append(roots, a.RootsFile)
	}
	p.stampRoots = strings.Join(roots, "\n")
	if c.LakeStore != nil {
		p.store, p.storeDir = c.LakeStore.Text, c.LakeStore.Dir
	}
	return p
}

// defaultOrigin names an archive's log where nobody chose a name.
const defaultOrigin = "quoll.local/archive"

// dataPaths are the paths of a data directory that is given alone: its archive
// is where the directory says, or beside it.
func dataPaths(dir string) (paths, error) {
	absolute, err := filepath.Abs(dir)
	if err != nil {
		return paths{}, fmt.Errorf("data directory %s: %w", dir, err)
	}
	w, err := readWorkspace(absolute)
	if err != nil {
		return paths{}, err
	}
	archive, elsewhere := cmp.Or(w.ArchiveDir, absolute+"-archive"), error(nil)
	if w.DataDir != "" && w.DataDir != absolute {
		switch archive {
		case w.DataDir + "-archive":
			archive = absolute + "-archive"
		default:
			elsewhere = fmt.Errorf("the data directory was %s when it was opened last, and the archive may be that of the one there: start the server here with a configuration that names this archive_dir, if it belongs here", w.DataDir)
		}
		if w.LakeStore != "" {
			return paths{}, fmt.Errorf("data directory %s: it was %s when it was opened last, and its tables are in an object store, which two directories must not share: start the server here with its configuration, if this is the one now", dir, w.DataDir)
		}
	}
	return paths{
		data: absolute, archive: archive, elsewhere: elsewhere, origin: cmp.Or(w.ArchiveOrigin, defaultOrigin),
		recipients: w.ArchiveRecipients, identities: w.ArchiveIdentities, stampRoots: w.ArchiveStampRoots, minimum: w.ArchiveMinimum, rowHashes: w.ArchiveRowHashes,
		store: w.LakeStore, storeDir: w.LakeStoreDir,
	}, nil
}

// recentBytes is how much of what was journalled last stays in memory for the
// pipeline, which seldom is further behind.
const recentBytes = 8 << 20

// archiveBatch is the bytes of payloads from which the archive makes an object
// without waiting longer.
const archiveBatch = 8 << 20

// node is the parts of the river of one data directory, opened in order.
type node struct {
	paths     paths
	log       *slog.Logger
	workspace string
	state     *sql.DB
	journal   *journal.Journal
	lake      *lake.Lake
	archive   *archive.Archive // nil when archiveProblem says why
	rejects   *rejectRouter
	lags      *collect.Lags
	drift     *drift.Tracker

	archiveProblem error
	witnesses      *witness.Collector // nil where nobody cosigns
	copiers        []*copies.Copier   // of the archive
	stampers       []*stamps.Stamper  // of its checkpoints
	rowFiles       *rowfiles.Follower // nil without an archive

	pipeline *pipeline.Pipeline
	engine   *duckdb.Engine
	query    *query.Service
	library  *library.Store
	closers  []func() error // run from the last to the first
}

// nodeSettings are what a configuration says about a node.
type nodeSettings struct {
	flushEvery, sealAfter time.Duration
	lake                  lake.Config // without its folder
}

// commandSettings are those of a command that runs once: its rows become files
// at its end.
func commandSettings() nodeSettings {
	return nodeSettings{time.Hour, time.Hour, lake.DefaultConfig("")}
}

// openNode opens a data directory for writing and makes it if need be.
// journal.ErrLocked says that another process has it.
func openNode(ctx context.Context, p paths, settings nodeSettings, log *slog.Logger) (*node, error) {
	n := &node{paths: p, log: log}
	if err := n.open(ctx, settings); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *node) open(ctx context.Context, settings nodeSettings) error {
	for _, dir := range []string{n.paths.data, filepath.Dir(n.paths.keyFile())} {
		if err := durable.MkdirAll(durable.OS{}, dir, 0o750); err != nil {
			return fmt.Errorf("make %s: %w", dir, err)
		}
	}
	var err error
	// The journal first: its lock is that of the whole directory.
	config := journal.DefaultConfig(n.paths.journal())
	config.RecentBytes = recentBytes
	if n.journal, err = journal.Open(config); err != nil {
		return err
	}
	n.closers = append(n.closers, n.journal.Close)
	if err := n.openState(ctx); err != nil {
		return err
	}
	settings.lake.Dir = n.paths.lake()
	if settings.lake.Store, err = n.paths.lakeStore(); err != nil {
		return err
	}
	if n.lake, err = lake.Open(ctx, settings.lake, n.log); err != nil {
		return err
	}
	n.closers = append(n.closers, n.lake.Close)
	if err := n.openArchive(settings.sealAfter); err != nil {
		return err
	}
	n.followRows()
	if err := n.openPipeline(ctx, settings.flushEvery); err != nil {
		return err
	}
	return n.openQuery(ctx)
}

// openState opens what is not rows: the workspace's identity and the state.
func (n *node) openState(ctx context.Context) (err error) {
	if n.workspace, err = openWorkspace(n.paths); err != nil {
		return err
	}
	if n.state, err = state.Open(ctx, n.paths.state()); err != nil {
		return err
	}
	n.closers = append(n.closers, n.state.Close)
	n.drift, err = drift.Open(ctx, n.state, drift.DefaultLimits())
	return err
}

// openArchive opens the archive. Trouble with it is kept for status and log,
// and stops nothing else: what cannot be archived now is in the journal, and
// will be. Only a journal that ends before the archive does is refused, because
// its positions would be given out twice.
func (n *node) openArchive(sealAfter time.Duration) error {
	settings, err := n.paths.archiveConfig()
	if err != nil {
		return fmt.Errorf("open archive %s: %w", n.paths.archive, err)
	}
	settings.MaxAge, settings.MaxBytes = sealAfter, archiveBatch
	var opened *archive.Archive
	if err = n.paths.elsewhere; err == nil {
		opened, err = archive.Open(settings)
	}
	if err != nil {
		err = archiveError(err)
		n.archiveProblem = fmt.Errorf("open archive %s: %w", n.paths.archive, err)
		n.log.Error("the archive cannot be opened; everything else goes on, and it is tried again at the next start", "error", err)
		return nil
	}
	n.closers = append(n.closers, opened.Close)
	if sealed, last := opened.Sealed(), uint64(n.journal.Last()); sealed > last {
		return fmt.Errorf("the archive %s has payloads up to journal position %d, but the journal %s ends at %d: it was cut or put back to an older state; restore it before anything new is collected", n.paths.archive, sealed, n.paths.journal(), last)
	}
	n.archive = opened
	return nil
}

func (n *node) openPipeline(ctx context.Context, flushEvery time.Duration) error {
	dir, err := pipeline.NewRejectDir(n.paths.rejects())
	if err != nil {
		return err
	}
	n.rejects, n.lags = &rejectRouter{dir: dir}, collect.NewLags()
	config := pipeline.DefaultConfig()
	config.FlushEvery = flushEvery
	parts := pipeline.Parts{
		Journal: n.journal, Normaliser: normalise.New(normalise.Config{WorkspaceID: n.workspace, Known: n.drift}),
		Lake: n.lake, Rejects: n.rejects, Drift: n.drift, Lags: n.lags, State: n.state, Clock: clock.System(), Logger: n.log,
	}
	parts.Room = func() (free, size uint64, err error) { return preflight.DiskSpace(n.paths.data) }
	if n.archive != nil { // a nil pointer in an interface would not be nil
		parts.Archive = n.archive
	}
	n.pipeline, err = pipeline.New(ctx, config, parts)
	return err
}

func (n *node) openQuery(ctx context.Context) error {
	config := duckdb.DefaultConfig()
	config.Dir = n.paths.lake()
	spill := filepath.Join(n.paths.data, "spill")
	if err := os.RemoveAll(spill); err != nil {
		return fmt.Errorf("clear %s: %w", spill, err)
	}
	config.TempDir = spill
	engine, err := duckdb.Open(ctx, config, duckdb.FromLake(n.lake), n.log)
	if err != nil {
		return err
	}
	n.engine = engine
	n.closers = append(n.closers, engine.Close)
	n.query = query.NewService(tables.Compile, engine, time.Now)
	if n.library, err = library.Open(ctx, n.state, time.Now); err != nil {
		return err
	}
	n.query.Use(queryLibrary{n.library})
	return nil
}

// close ends what was opened, the last first.
func (n *node) close() error {
	var problems []error
	for i := len(n.closers) - 1; i >= 0; i-- {
		problems = append(problems, n.closers[i]())
	}
	n.closers = nil
	return errors.Join(problems...)
}

// catchUp makes everything journalled visible, as after a crash.
func (n *node) catchUp(ctx context.Context) error {
	if err := n.pipeline.Catchup(ctx); err != nil {
		return fmt.Errorf("apply the journal: %w", err)
	}
	return nil
}

// archiveAll brings everything journalled into the archive, under a checkpoint.
func (n *node) archiveAll(ctx context.Context) error {
	if n.archive == nil {
		return n.archiveProblem
	}
	err := n.journal.Read(ctx, journal.Position(n.archive.Sealed()), func(e journal.Entry) error {
		return n.archive.Add(ctx, uint64(e.Position), e.Payload)
	})
	if err != nil {
		return fmt.Errorf("archive the journal: %w", err)
	}
	if err := n.archive.Flush(ctx); err != nil {
		return fmt.Errorf("seal the archive: %w", err)
	}
	return nil
}
