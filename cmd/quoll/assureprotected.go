package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/quoll/quoll/assure"
	"github.com/quoll/quoll/preflight"
)

const (
	verifiedFor   = 35 * 24 * time.Hour
	reconciledFor = 48 * time.Hour
	drilledFor    = 35 * 24 * time.Hour
	idleFor       = 45 * 24 * time.Hour
	// archivedWithin is how many payloads the archive may be behind.
	archivedWithin = 5000
	year           = 365 * 24 * time.Hour
)

func (g *gathering) protected() error {
	a := g.status.Archive
	if a == nil {
		g.fact(assure.FactLog, assure.Protected, assure.NotMet, "There is no archive.", "Name an archive_dir in the configuration.", "/archive")
		return nil
	}
	if a.Checkpoint == nil {
		g.fact(assure.FactLog, assure.Protected, assure.NotMet, "The archive has published no checkpoint yet.", "Wait for the first batch; if it does not come, the Archive page says why.", "/archive")
	} else {
		g.fact(assure.FactLog, assure.Protected, assure.Shown, fmt.Sprintf("Everything that arrived is a leaf of a transparency log: %d leaves under root %s, signed %s.", a.Checkpoint.Size, a.Checkpoint.Root, a.Checkpoint.Time.Format(time.RFC3339)), "", "/archive")
	}
	switch v := a.Verified; {
	case v == nil:
		g.fact(assure.FactVerification, assure.Protected, assure.NotMet, "The archive was never verified here.", "Run quoll archive verify, or Verify now on the Archive page.", "/archive")
	default:
		g.fact(assure.FactVerification, assure.Protected, met(v.Passed && g.at.Sub(v.Time) <= verifiedFor), fmt.Sprintf("The last verification of every byte of the archive, at %s, %s: %s.", v.Time.Format(time.RFC3339), passed(v.Passed), v.Detail), "Verify it again; a problem names the file.", "/archive")
	}
	switch r := a.Reconciliation; {
	case r == nil:
		g.fact(assure.FactReconcile, assure.Protected, assure.NotMet, "Tables and archive were not compared yet.", "A server does it daily; or run quoll archive reconcile.", "/archive")
	default:
		g.fact(assure.FactReconcile, assure.Protected, met(r.Passed && g.at.Sub(r.Time) <= reconciledFor), fmt.Sprintf("The last comparison of tables and archive, at %s, %s: %s.", r.Time.Format(time.RFC3339), passed(r.Passed), r.Detail), "docs/archive.md says what a difference can be.", "/archive", `SentinelAudit | where OperationName == "Reconcile archive"`)
	}
	g.witnessesFact()
	g.stampsFact()
	behind := g.status.Journal.Position - min(a.Position, g.status.Journal.Position)
	g.fact(assure.FactArchiveLag, assure.Protected, met(behind <= archivedWithin && a.Problem == ""), strings.TrimSpace(fmt.Sprintf("%d payloads of %d are not archived yet. %s", behind, g.status.Journal.Position, a.Problem)), "The Archive page says why it does not follow.", "/archive")
	g.storeFacts()
	g.fact(assure.FactTransport, assure.Protected, assure.NotVisible, fmt.Sprintf("Microsoft is asked over HTTPS alone, with the certificates checked; which version and cipher was negotiated is not recorded. The web server speaks no TLS itself and listens %s.", listening(g.setting)), "Put a reverse proxy with TLS in front of it, and let its log say what was negotiated.")
	g.fact(assure.FactRegion, assure.Protected, assure.NotVisible, "The data is where this machine and its disks are; Quoll cannot tell in which country that is.", "State it in the policy.")
	return nil
}

func listening(s evidenceSetting) string {
	if s.loopback {
		return "on this machine alone"
	}
	return "to other machines, too"
}

func passed(ok bool) string {
	if ok {
		return "passed"
	}
	return "FAILED"
}

func (g *gathering) witnessesFact() {
	ws := g.status.Archive.Witnesses
	if len(ws) == 0 {
		g.fact(assure.FactWitnesses, assure.Protected, assure.NotMet, "Nobody else keeps the archive's checkpoints: whoever holds the key and the folder could write another history.", "Run quoll witness on another machine, and name it in archive_witnesses.", "/archive")
		return
	}
	fresh := 0
	var parts []string
	for _, w := range ws {
		if w.Time != nil && w.Problem == "" {
			fresh++
		}
		parts = append(parts, fmt.Sprintf("%s has cosigned %d leaves", w.Name, w.Size))
	}
	g.fact(assure.FactWitnesses, assure.Protected, met(fresh > 0), fmt.Sprintf("%d of %d witnesses cosign: %s.", fresh, len(ws), strings.Join(parts, ", ")), "The Archive page says why a witness does not answer.", "/archive")
}

// storeFacts look at the folders themselves.
func (g *gathering) storeFacts() {
	same, err := sameDevice(g.setting.dataDir, g.setting.archiveDir)
	switch {
	case err != nil:
		g.fact(assure.FactSeparate, assure.Protected, assure.NotVisible, "Whether archive and data directory are on one disk could not be seen.", err.Error())
	case same:
		g.fact(assure.FactSeparate, assure.Protected, assure.NotMet, "The archive is on the file system of the data directory: one disk takes both with it.", "Put archive_dir on another disk or machine.", "/archive")
	default:
		g.fact(assure.FactSeparate, assure.Protected, assure.Shown, "The archive is on another file system than the data directory.", "", "/archive")
	}
	g.fact(assure.FactLocked, assure.Protected, assure.NotMet, "The archive is a folder: who may write to its disk can delete files. A verification and a witness show that, and nothing forbids it.", "Copy the archive to a store with object lock or to write-once media, and verify the copy there.", "/archive")
	if g.setting.recipients == 0 {
		g.fact(assure.FactEncryption, assure.Protected, assure.NotMet, "Quoll does not encrypt what it keeps here; whether the disk below is encrypted it cannot see.", "Set archive_encryption for the archive; use an encrypted file system for the data directory, and keep its keys elsewhere.")
		return
	}
	g.fact(assure.FactEncryption, assure.Protected, assure.NotVisible, fmt.Sprintf("New objects of the archive are encrypted (age: ChaCha20-Poly1305) to %d recipients, whose keys are outside of the store; objects of before it was switched on, the leaves of the log, journal and tables are not. Whether the disks below are encrypted, as AES-256 for all of it would take, cannot be seen.", g.setting.recipients), "Use an encrypted file system for the data directory, and keep its keys elsewhere.")
}

func sameDevice(a, b string) (bool, error) {
	var devices [2]uint64
	for i, dir := range []string{a, b} {
		info, err := os.Stat(dir)
		if err != nil {
			return false, err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok {
			return false, fmt.Errorf("the system does not say on which device %s is", dir)
		}
		devices[i] = uint64(stat.Dev)
	}
	return devices[0] == devices[1], nil
}

func (g *gathering) readers() error {
	if g.access == nil {
		g.fact(assure.FactAccess, assure.Protected, assure.NotVisible, "Who may do what is known where people sign in.", "Ask a running server.", "/people")
	} else {
		people, err := g.access.People(g.ctx)
		if err != nil {
			return err
		}
		roles := map[string]int{}
		idle, disabled := 0, 0
		for _, p := range people {
			switch {
			case p.Disabled:
				disabled++
			default:
				roles[p.Role]++
				seen := p.Created
				if p.Seen != nil {
					seen = *p.Seen
				}
				if g.at.Sub(seen) > idleFor {
					idle++
				}
			}
		}
		g.fact(assure.FactAccess, assure.Protected, met(idle == 0), fmt.Sprintf("%d people may come in: %d Administrator, %d Contributor, %d Responder, %d Reader; %d are switched off; %d were not here for 45 days. Roles hold for all tables and tenants, and do not end by themselves.",
			len(people)-disabled, roles["Administrator"], roles["Contributor"], roles["Responder"], roles["Reader"], disabled, idle), "Switch off who is not needed, on the People page.", "/people")
	}
	g.fact(assure.FactSignIn, assure.Protected, assure.NotMet, "People sign in to Quoll with a password alone (argon2id); there is no second factor and no single sign-on.", "Reach it through a proxy that asks for one.", "/people")
	const own = `union LAQueryLogs, SentinelAudit | where TimeGenerated > ago(1d) | summarize Rows = count()`
	n, err := g.count(own, 1)
	if err != nil {
		return err
	}
	state := assure.Shown
	if g.table("LAQueryLogs").Rows+g.table("SentinelAudit").Rows == 0 {
		state = assure.NotVisible
	}
	g.fact(assure.FactOwnActs, assure.Protected, state, fmt.Sprintf("What people do with Quoll is rows under the log: %d queries and %d other acts in all, %d rows in the last day. Looking at a page, and notes, are not written down; what is done to files by hand is not, either.",
		g.table("LAQueryLogs").Rows, g.table("SentinelAudit").Rows, n[0]), "Use the server: acts are written down there.", "/logs", own)
	return nil
}

func (g *gathering) retained() error {
	var parts []string
	state := assure.Shown
	for _, name := range []string{"OfficeActivity", "UnifiedAuditLog", "EmailEvents"} {
		t := g.table(name)
		if t.Earliest == nil {
			parts = append(parts, name+" is empty")
			state = assure.NotVisible
			continue
		}
		age := g.at.Sub(*t.Earliest)
		parts = append(parts, fmt.Sprintf("%s reaches back %d days", name, int(age.Hours()/24)))
		if age < year {
			state = assure.NotVisible
		}
	}
	g.fact(assure.FactSearchable, assure.Retained, state, strings.Join(parts, ", ")+"; all of it is searched in place, without a restore.", "Twelve months are shown once they have passed here, or were brought in by quoll backfill or quoll import.", "/logs", "UnifiedAuditLog | summarize min(TimeGenerated)")
	if err := g.disposal(); err != nil {
		return err
	}
	switch d := g.status.Archive; {
	case d == nil || d.Drill == nil:
		g.fact(assure.FactDrill, assure.Retained, assure.NotMet, "No restore drill was held.", "Run quoll archive drill, weekly.", "/archive")
	default:
		g.fact(assure.FactDrill, assure.Retained, met(d.Drill.Passed && g.at.Sub(d.Drill.Time) <= drilledFor), fmt.Sprintf("The last restore drill, at %s, %s in %.0f s: %s.", d.Drill.Time.Format(time.RFC3339), passed(d.Drill.Passed), d.Drill.Seconds, d.Drill.Detail), "Hold another.", "/archive")
	}
	switch c := g.status.Archive; {
	case c == nil || c.Certificates == nil || c.Certificates.Certificates == 0:
		g.fact(assure.FactCertificates, assure.Retained, assure.NotVisible, "No day has a certificate of completeness yet.", "A server certifies days as they close.", "/archive")
	default:
		g.fact(assure.FactCertificates, assure.Retained, assure.Shown, fmt.Sprintf("%d certificates of completeness, from %s to %s, signed and in the log.", c.Certificates.Certificates, c.Certificates.Earliest, c.Certificates.Latest), "", "/archive")
	}
	enough := true
	parts = parts[:0]
	for _, dir := range []string{g.setting.dataDir, g.setting.archiveDir} {
		free, size, err := preflight.DiskSpace(dir)
		if err != nil {
			g.fact(assure.FactDisk, assure.Retained, assure.NotVisible, "How much room there is could not be seen.", err.Error())
			return nil
		}
		enough = enough && free >= size/littleRoom
		parts = append(parts, fmt.Sprintf("%d of %d MiB are free below %s", free>>20, size>>20, dir))
	}
	g.fact(assure.FactDisk, assure.Retained, met(enough), strings.Join(parts, ", ")+". There is no cap on volume: when a disk is full, collecting waits and nothing is dropped.", "Make room.", "/connectors")
	return nil
}
