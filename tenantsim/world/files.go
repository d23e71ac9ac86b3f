package world

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
	"github.com/quoll/quoll/tenantsim/organisation"
)

// filesMost is how many files a site keeps in mind.
const filesMost = 200

// somewhere picks a site for a person: their OneDrive, or one of the agency's.
func (w *World) somewhere(a *actor) *organisation.Site {
	if w.dice.Chance(0.4) {
		return a.OneDrive
	}
	// People are drawn to a few sites: those of their department come first.
	return w.org.Sites[(len(a.Department)+w.dice.Below(3))%len(w.org.Sites)]
}

func (w *World) someFile(site *organisation.Site) *organisation.File {
	files := w.files[site]
	return &files[w.dice.Below(len(files))]
}

func siteWorkload(site *organisation.Site) string {
	if site.OneDrive {
		return workloadOneDrive
	}
	return workloadSharePoint
}

// sharepoint begins a record of something on a site.
func (w *World) sharepoint(a *actor, s seat, at time.Time, site *organisation.Site, operation string, recordType int) audit.SharePoint {
	return audit.SharePoint{
		Common:           w.common(a, s, at, siteWorkload(site), operation, recordType),
		AppAccessContext: &audit.AppAccessContext{AADSessionID: s.session, CorrelationID: w.dice.GUID(), UniqueTokenID: w.dice.Base64(16)[:22]},
		CorrelationID:    w.dice.GUID(),
		EventSource:      "SharePoint",
		ItemType:         "File",
		Site:             site.ID,
		UserAgent:        s.agent,
		WebID:            site.WebID,
		IsManagedDevice:  truth(s.managed),
		BrowserName:      s.browser,
		Platform:         map[string]string{"Windows10": "WinDesktop", "MacOs": "MacDesktop"}[s.os],
	}
}

// onFile fills in what a record says of a file.
func onFile(r *audit.SharePoint, site *organisation.Site, f *organisation.File) {
	r.ListID, r.ListItemUniqueID = site.ListID, f.ID
	r.SiteURL, r.SourceRelativeURL, r.SourceFileName, r.SourceFileExtension = site.URL+"/", f.Folder, f.Name, f.Extension
	r.ObjectID = site.URL + "/" + f.Folder + "/" + f.Name
	r.HighPriorityMediaProcessing = truth(false)
}

// file returns the action of doing one thing to some file in the browser.
func (w *World) file(recordType int, operation string) action {
	return func(a *actor, s seat, at time.Time) {
		site := w.somewhere(a)
		f := w.someFile(site)
		r := w.sharepoint(a, s, at, site, operation, recordType)
		onFile(&r, site, f)
		switch operation {
		case "FileModified":
			// The browser's editor writes on the user's behalf.
			r.UserAgent, r.BrowserName = "MSWAC", ""
			r.FileSizeBytes = f.Bytes
		case "FileDownloaded":
			r.FileSizeBytes, r.ApplicationID = f.Bytes, appSharePoint
		}
		w.record(at, r.ID, r, audit.ContentSharePoint)
	}
}

func (w *World) uploadFile(a *actor, s seat, at time.Time) {
	site := w.somewhere(a)
	f := organisation.NewFile(w.dice, site)
	w.keep(site, f)
	r := w.sharepoint(a, s, at, site, "FileUploaded", audit.TypeSharePointFile)
	onFile(&r, site, &f)
	r.ImplicitShare, r.FileSizeBytes = "No", f.Bytes
	w.record(at, r.ID, r, audit.ContentSharePoint)
}

func (w *World) keep(site *organisation.Site, f organisation.File) {
	files := append(w.files[site], f)
	if len(files) > filesMost {
		files = files[len(files)-filesMost:]
	}
	w.files[site] = files
}

// syncFile returns the action of the sync client of OneDrive.
func (w *World) syncFile(operation string) action {
	return func(a *actor, s seat, at time.Time) {
		f := w.someFile(a.OneDrive)
		r := w.sharepoint(a, s, at, a.OneDrive, operation, audit.TypeSharePointFile)
		onFile(&r, a.OneDrive, f)
		r.UserAgent, r.BrowserName = "Microsoft SkyDriveSync 25.209.1026.0002 ship; Windows NT 10.0 (26100)", ""
		r.ApplicationID, r.ApplicationDisplayName = appOneDriveSync, "OneDrive SyncEngine"
		r.MachineDomainInfo, r.MachineID, r.FileSizeBytes = w.org.TenantID, a.DeviceID, f.Bytes
		r.DeviceDisplayName = a.DeviceName
		w.record(at, r.ID, r, audit.ContentSharePoint)
	}
}

// moveFile renames or moves a file: the record holds both places.
func (w *World) moveFile(a *actor, s seat, at time.Time) {
	site := w.somewhere(a)
	f := w.someFile(site)
	operation := "FileRenamed"
	moved := *f
	if w.dice.Chance(0.5) {
		operation, moved.Folder = "FileMoved", site.Library+"/"+dice.Pick(w.dice, site.Folders)
	} else {
		moved.Name = strings.TrimSuffix(f.Name, "."+f.Extension) + " v" + fmt.Sprint(w.dice.Between(2, 9)) + "." + f.Extension
	}
	r := w.sharepoint(a, s, at, site, operation, audit.TypeSharePointFile)
	onFile(&r, site, f)
	r.DestinationRelativeURL, r.DestinationFileName, r.DestinationFileExtension = moved.Folder, moved.Name, moved.Extension
	w.record(at, r.ID, r, audit.ContentSharePoint)
	*f = moved
}

func (w *World) viewPage(a *actor, s seat, at time.Time) {
	site := w.somewhere(a)
	r := w.sharepoint(a, s, at, site, "PageViewed", audit.TypeSharePoint)
	r.ItemType, r.CustomUniqueID, r.ListItemUniqueID = "Page", truth(true), w.dice.GUID()
	r.ObjectID = site.URL + "/SitePages/Home.aspx"
	if site.OneDrive {
		r.ObjectID = site.URL + "/_layouts/15/onedrive.aspx"
	}
	w.record(at, r.ID, r, audit.ContentSharePoint)
}

func (w *World) viewList(a *actor, s seat, at time.Time) {
	site := dice.Pick(w.dice, w.org.Sites)
	r := w.sharepoint(a, s, at, site, "ListViewed", audit.TypeSharePointList)
	r.ItemType, r.ListID, r.ListTitle = "List", site.ListID, "Documents"
	r.ListBaseType, r.ListURL = "DocumentLibrary", site.URL+"/"+site.Library
	r.ObjectID = site.URL + "/" + site.Library
	w.record(at, r.ID, r, audit.ContentSharePoint)
}

// share lets others at a file, in one of the ways that SharePoint has. A link
// for named people comes as two records, a direct share as one.
func (w *World) share(a *actor, s seat, at time.Time) {
	site := w.somewhere(a)
	f := w.someFile(site)
	link := w.dice.GUID()
	one := func(operation string, more func(*audit.SharePoint)) {
		r := w.sharepoint(a, s, at, site, operation, audit.TypeSharePointSharing)
		onFile(&r, site, f)
		r.HighPriorityMediaProcessing = nil
		// In sharing records the path holds the file's name too.
		r.SiteURL, r.SourceRelativeURL = site.URL, f.Folder+"/"+f.Name
		more(&r)
		w.record(at, r.ID, r, audit.ContentSharePoint)
	}
	colleague := dice.Pick(w.dice, w.org.People)
	partner := dice.Pick(w.dice, w.org.Partners)
	guest := strings.NewReplacer("@", "_").Replace(partner.Address) + "#ext#@" + w.org.TenantDomain
	switch w.dice.Below(10) {
	case 0, 1, 2:
		one("CompanyLinkCreated", func(r *audit.SharePoint) {
			r.EventData, r.UniqueSharingID = "<Type>Edit</Type><MembersCanShareApplied>False</MembersCanShareApplied>", link
		})
	case 3, 4, 5:
		one("SharingSet", func(r *audit.SharePoint) {
			r.EventData = "<Permissions granted>System.LimitedEdit</Permissions granted><MembersCanShareApplied>False</MembersCanShareApplied>"
			r.TargetUserOrGroupType, r.TargetUserOrGroupName = "Member", colleague.UPN
		})
	case 6, 7, 8:
		one("SecureLinkCreated", func(r *audit.SharePoint) {
			r.EventData, r.UniqueSharingID = "<Type>View</Type><MembersCanShareApplied>False</MembersCanShareApplied>", link
		})
		one("AddedToSecureLink", func(r *audit.SharePoint) {
			r.UniqueSharingID = link
			r.TargetUserOrGroupType, r.TargetUserOrGroupName = "Guest", guest
		})
	default:
		one("AnonymousLinkCreated", func(r *audit.SharePoint) {
			r.EventData, r.UniqueSharingID = "<Type>View</Type><MembersCanShareApplied>False</MembersCanShareApplied>", link
		})
		w.later(at.Add(w.dice.Span(10*time.Minute, 4*time.Hour)), func(at time.Time) { w.useLink(partner, at, site, f, link) })
	}
}

// useLink is somebody outside following an anonymous link.
func (w *World) useLink(partner *organisation.Partner, at time.Time, site *organisation.Site, f *organisation.File, link string) {
	agent := "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
	nobody := &actor{Person: &organisation.Person{UPN: "anonymous"}}
	r := w.sharepoint(nobody, seat{ip: partner.IP, agent: agent, browser: "Chrome", os: "Windows10"}, at, site, "AnonymousLinkUsed", audit.TypeSharePointSharing)
	onFile(&r, site, f)
	r.UserID, r.UserKey, r.AppAccessContext = "anonymous", "anonymous", nil
	r.SiteURL, r.SourceRelativeURL, r.UniqueSharingID = site.URL, f.Folder+"/"+f.Name, link
	r.HighPriorityMediaProcessing = nil
	w.record(at, r.ID, r, audit.ContentSharePoint)
}
