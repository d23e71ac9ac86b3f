package world

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// ransomware: a device of somebody's renames what it syncs to one extension,
// and leaves a note in each folder.
func ransomware(w *World, t *teller) (string, string) {
	victim := w.cast(false, 3)
	site := w.org.Sites[0]
	for i := range 70 {
		t.after(time.Duration(i)*5*time.Second, func(at time.Time) {
			f := organisation.NewFile(t.dice, site)
			r := w.sharepoint(victim, w.usualSeat(victim), at, site, "FileRenamed", audit.TypeSharePointFile)
			onFile(&r, site, &f)
			r.ObjectID += fmt.Sprintf(".%d", i) // names may come twice
			r.DestinationRelativeURL, r.DestinationFileName, r.DestinationFileExtension = f.Folder, f.Name+".quolled", "quolled"
			w.record(at, r.ID, r, audit.ContentSharePoint)
		})
	}
	for i := range 8 {
		t.after(6*time.Minute+time.Duration(i)*5*time.Second, func(at time.Time) {
			f := organisation.File{ID: t.dice.GUID(), Folder: fmt.Sprintf("%s/Works %d", site.Library, i), Name: "HOW_TO_DECRYPT.txt", Extension: "txt", Bytes: 1_420}
			r := w.sharepoint(victim, w.usualSeat(victim), at, site, "FileUploaded", audit.TypeSharePointFile)
			onFile(&r, site, &f)
			w.record(at, r.ID, r, audit.ContentSharePoint)
		})
	}
	return victim.UPN, ""
}

// leaverTakesFiles: somebody who is about to leave downloads a library, sends
// some home, and the account is closed.
func leaverTakesFiles(w *World, t *teller) (string, string) {
	leaver, administrator := w.cast(false, 4), w.cast(true, 2)
	site := w.org.Sites[1]
	for i := range 130 {
		t.after(time.Duration(i)*4*time.Second, func(at time.Time) {
			f := organisation.NewFile(t.dice, site)
			r := w.sharepoint(leaver, w.usualSeat(leaver), at, site, "FileDownloaded", audit.TypeSharePointFile)
			onFile(&r, site, &f)
			r.ObjectID = strings.TrimSuffix(r.ObjectID, "."+f.Extension) + fmt.Sprintf(" %d.%s", i, f.Extension)
			r.FileSizeBytes, r.ApplicationID = f.Bytes, appSharePoint
			w.record(at, r.ID, r, audit.ContentSharePoint)
		})
	}
	t.after(10*time.Minute, func(at time.Time) {
		home := party{strings.ReplaceAll(leaver.Alias, ".", "") + "@gmail.com", leaver.DisplayName(), "gmail.com", nil}
		m := w.newMessage(at, leaver.party(), "notes", home)
		m.attached = []attachment{{"tenders.zip", "zip", "zip", t.dice.Hex(64), 18_400_211}}
		w.send(leaver, w.usualSeat(leaver), m)
	})
	t.after(15*time.Minute, func(at time.Time) {
		r := w.directory(administrator, administrator.seatNow(), at, "Disable account.", "User")
		r.ObjectID, r.Target = leaver.UPN, []audit.Identity{{ID: leaver.UPN, Type: 5}}
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	return leaver.UPN, ""
}

// insiderReads: somebody goes through the OneDrives of others.
func insiderReads(w *World, t *teller) (string, string) {
	insider := w.cast(false, 5)
	for i := range 30 {
		t.after(time.Duration(i)*20*time.Second, func(at time.Time) {
			owner := w.actors[(i%5)*3]
			f := organisation.NewFile(t.dice, owner.OneDrive)
			r := w.sharepoint(insider, w.usualSeat(insider), at, owner.OneDrive, "FileDownloaded", audit.TypeSharePointFile)
			onFile(&r, owner.OneDrive, &f)
			r.ObjectID += fmt.Sprintf("?%d", i)
			w.record(at, r.ID, r, audit.ContentSharePoint)
		})
	}
	return insider.UPN, ""
}

// linksForAnybody: somebody makes links to many files that need no sign-in.
func linksForAnybody(w *World, t *teller) (string, string) {
	who := w.cast(false, 6)
	site := w.org.Sites[0]
	for i := range 14 {
		t.after(time.Duration(i)*15*time.Second, func(at time.Time) {
			f := organisation.NewFile(t.dice, site)
			f.Name = fmt.Sprintf("%02d %s", i, f.Name)
			r := w.sharepoint(who, w.usualSeat(who), at, site, "AnonymousLinkCreated", audit.TypeSharePointSharing)
			onFile(&r, site, &f)
			r.HighPriorityMediaProcessing = nil
			r.EventData, r.UniqueSharingID = "<Type>Edit</Type><MembersCanShareApplied>False</MembersCanShareApplied>", t.dice.GUID()
			w.record(at, r.ID, r, audit.ContentSharePoint)
		})
	}
	return who.UPN, ""
}
