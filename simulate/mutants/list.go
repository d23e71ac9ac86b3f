package main

// mutant is a fault put into the code.
type mutant struct {
	name string
	// roads says that the simulation of Defender's roads has to find it, not
	// that of the audit log.
	roads bool
	file  string
	// old occurs once in the file; new takes its place.
	old, new string
}

// mutants are faults that a collector could have, most of them faults that others
// do have: each must make some life fail.
var mutants = []mutant{
	{
		name: "a blob is settled before it is journalled",
		file: "collect/activity/keep.go",
		old: `	receipt, err := s.journal(ctx, blob, d)
	if err == nil {
		err = s.ledger.Journalled(ctx, s.Stream, blob.ContentID, receipt)
	}
`,
		new: `	err := s.ledger.Journalled(ctx, s.Stream, blob.ContentID, collect.Receipt{SHA256: d.sum, At: s.clock.Now()})
	if err == nil {
		_, err = s.journal(ctx, blob, d)
	}
`,
	},
	{
		name: "a blob that fails once is skipped",
		file: "collect/activity/fetch.go",
		old: `	wait := max(blobPolicy.Delay(blob.Attempts+1, s.random), waitAsked(err))
	failed :=`,
		new: `	if err != nil {
		return s.storage(s.ledger.Journalled(ctx, s.Stream, blob.ContentID, collect.Receipt{At: now}))
	}
	wait := max(blobPolicy.Delay(blob.Attempts+1, s.random), waitAsked(err))
	failed :=`,
	},
	{
		name: "nothing is listed twice",
		file: "collect/activity/list.go",
		old: `	from := through.Add(-s.cfg.Overlap).Truncate(time.Hour)
	if s.settled.Before(from) {
		from = s.settled
	}
	if from.Before(floor) {
		from = floor
	}
	if err := s.listWindows(ctx, collect.Windows(from, now, s.span)); err != nil {
		return err
	}
	if err := s.closeHours(ctx, s.begun(collect.Window{From: from, To: now})); err != nil {
		return err
	}
	return s.relist(ctx, from, now)
`,
		new: `	from := through
	if from.IsZero() {
		from = floor
	}
	if err := s.listWindows(ctx, collect.Windows(from, now, s.span)); err != nil {
		return err
	}
	return s.closeHours(ctx, s.begun(collect.Window{From: from, To: now}))
`,
	},
	{
		name: "the next page is not asked for",
		file: "collect/activity/list.go",
		old:  `			link = nextPage(header)`,
		new:  `			_, link = header, ""`,
	},
	{
		name: "a body is taken as it came",
		file: "collect/activity/download.go",
		old:  `	if d.records, err = w.scan.end(); err != nil {`,
		new:  `	if d.records, _ = w.scan.end(); false {`,
	},
	{
		name: "what is not found once is given up",
		file: "collect/activity/fetch.go",
		old:  `	goneTries = 100`,
		new:  `	goneTries = 1`,
	},
	{
		name: "a blob that still fills is fetched once",
		file: "collect/activity/keep.go",
		old:  `	if s.cfg.SettleAfter == 0 || !asked.Before(at) {`,
		new:  `	if s.cfg.SettleAfter >= 0 || !asked.Before(at) {`,
	},
	{
		name: "a blob that cannot be had leaves no gap",
		file: "collect/ledger_blobs.go",
		old:  `		return insertGap(ctx, tx, s, Gap{ContentID: contentID, From: at, To: at, Recorded: now, Reason: reason})`,
		new: `		_ = at
		return nil`,
	},
	{
		name: "the time without a subscription leaves no gap",
		file: "collect/ledger_subscription.go",
		old:  `		if enabled && seen.Valid && (before ==`,
		new:  `		if !enabled && seen.Valid && (before ==`,
	},
	{
		name: "a long absence leaves no gap",
		file: "collect/ledger_cursor.go",
		old:  `		return insertGap(ctx, tx, s, Gap{From: moment(through), To: to, Recorded: now, Reason: reason})`,
		new:  `		return nil`,
	},
	{
		name: "the machine's clock is believed",
		file: "collect/servertime.go",
		old:  `	t.skew, t.heard = skew, at`,
		new:  `	t.skew, t.heard = 0*skew, at`,
	},
	{
		name: "the journal does not sync",
		file: "internal/durable/append.go",
		old: `	if err := a.file.Sync(); err != nil {
		a.failed = true`,
		new: `	if err := error(nil); err != nil {
		a.failed = true`,
	},
	{
		name: "the name of a new segment is not synced",
		file: "internal/durable/append.go",
		old:  `	if err := fsys.SyncDir(filepath.Dir(name)); err != nil {`,
		new:  `	if err := error(nil); err != nil && filepath.Dir(name) == "" {`,
	},
	{
		name: "a record that comes again is a row again",
		file: "lake/apply.go",
		old: `		return outcomeDuplicate
	case changedRecord:`,
		new: `		return outcomeAdded
	case changedRecord:`,
	},
	{
		name: "a record that comes changed is dropped",
		file: "lake/apply.go",
		old:  `	return outcomeRevision`,
		new:  `	return outcomeDropped`,
	},
	{
		name: "the first entry after a flush has no rows",
		file: "lake/apply.go",
		old: `	if position <= t.committed {
		return outcomeReplayed
	}
	t.keys.add`,
		new: `	if position <= t.committed+min(t.committed, 1) {
		return outcomeReplayed
	}
	t.keys.add`,
	},
	{
		name: "an export is read on although the journal refused", roads: true,
		file: "collect/blobexport/read.go",
		old: `	if err != nil {
		return m, err
	}
	m.readTo +=`,
		new: `	_ = err
	m.readTo +=`,
	},
	{
		name: "half a line of an export is taken", roads: true,
		file: "collect/blobexport/read.go",
		old:  `		if end := bytes.LastIndexByte(buffer, '\n'); end >= 0 {`,
		new:  `		if end := len(buffer) - 1; end >= 0 {`,
	},
	{
		name: "a hub is read on although the journal refused", roads: true,
		file: "collect/eventhub/take.go",
		old:  `		if err := s.send(ctx, m.place, records[0].Offset, batch.body); err != nil {`,
		new:  `		if err := s.send(ctx, m.place, records[0].Offset, batch.body); err != nil && m == nil {`,
	},
	{
		name: "a relay is answered although the journal refused", roads: true,
		file: "collect/push/request.go",
		old: `	if err != nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	got.payloads++`,
		new: `	if err != nil && got == nil {
		return fmt.Errorf("%w: %w", errStorage, err)
	}
	got.payloads++`,
	},
	{
		name: "a full answer of the hunting is taken for all", roads: true,
		file: "collect/hunting/table.go",
		old:  `	case rows >= t.cfg.RowLimit && length/2 >= t.cfg.MinSlice:`,
		new:  `	case rows > t.cfg.RowLimit && length/2 >= t.cfg.MinSlice:`,
	},
	{
		name: "what is hunted is read once", roads: true,
		file: "collect/hunting/table.go",
		old:  `	return m.through.Add(-t.cfg.Overlap), false`,
		new:  `	return m.through, false`,
	},
	{
		name: "a record that comes over two roads is two rows", roads: true,
		file: "lake/apply.go",
		old: `		return outcomeDuplicate
	case changedRecord:`,
		new: `		return outcomeAdded
	case changedRecord:`,
	},
}
