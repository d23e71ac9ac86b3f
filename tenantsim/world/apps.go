package world

import (
	"encoding/json"
	"net/netip"
	"slices"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/defender"
	"github.com/quoll/quoll/tenantsim/dice"
)

// Defender for Cloud Apps tells of some of what the audit log tells of, in words
// of its own and with the record inside. Here it is what shares, sends, brings in
// or takes away, and what changes settings.

// app is what Defender for Cloud Apps calls a workload.
type app struct {
	id   int
	name string
}

var apps = map[string]app{
	workloadExchange:   {20893, "Microsoft Exchange Online"},
	workloadSharePoint: {20892, "Microsoft SharePoint Online"},
	workloadOneDrive:   {15600, "Microsoft OneDrive for Business"},
	workloadTeams:      {28375, "Microsoft Teams"},
}

// activities are the kinds of what is told of, by operation.
var activities = map[string]string{
	"Send": "Run", "New-InboxRule": "Create", "Set-InboxRule": "Edit", "Remove-InboxRule": "Delete", "Set-Mailbox": "Edit", "Add-MailboxPermission": "Edit",
	"FileDownloaded": "Download", "FileUploaded": "Upload", "FileRecycled": "Trash",
	"SharingSet": "Share", "AnonymousLinkCreated": "Share", "SecureLinkCreated": "Share", "AddedToSecureLink": "Share",
	"MemberAdded": "Add", "TeamCreated": "Create", "ChannelAdded": "Create",
}

// tellApp streams an audit record as an event of a cloud app, if it is one.
func (w *World) tellApp(at time.Time, record any, body []byte) {
	of, ok := record.(interface{ Base() audit.Common })
	if !ok {
		return
	}
	c := of.Base()
	app, activity := apps[c.Workload], activities[c.Operation]
	if app.id == 0 || activity == "" {
		return
	}
	event := defender.AppEvent{
		Timestamp: defender.Ticks(at), ActionType: c.Operation, ApplicationID: app.id, Application: app.name, ActivityType: activity,
		AccountType: "Regular", AccountID: defender.Text(c.UserID), AccountDisplayName: defender.Text(c.UserID), ObjectName: defender.Text(c.ObjectID),
		IPAddress: defender.Text(withoutPort(c.ClientIP)), IsAdminOperation: c.RecordType == audit.TypeExchangeAdmin, AuditSource: "Defender for Cloud Apps app connector",
		ReportID: dice.Named(w.cfg.Seed, "cloud app "+c.ID).GUID(), RawEventData: json.RawMessage(body),
	}
	who := slices.IndexFunc(w.actors, func(a *actor) bool { return a.UPN == c.UserID })
	if who >= 0 {
		a := w.actors[who]
		event.AccountDisplayName, event.AccountObjectID, event.AccountID = defender.Text(a.DisplayName()), defender.Text(a.ObjectID), defender.Text(a.ObjectID)
		event.ActivityObjects = append(event.ActivityObjects, defender.AppObject{Type: "Account", Role: "Actor", Name: a.DisplayName(), ID: a.ObjectID, ApplicationID: app.id})
		if event.IPAddress == defender.Text(a.OfficeIP) {
			event.IPCategory, event.IPTags = "Corporate", []string{"Office"}
		}
	}
	if c.ObjectID != "" {
		event.ActivityObjects = append(event.ActivityObjects, defender.AppObject{Type: "Structured object", Role: "Target object", Name: c.ObjectID, ApplicationID: app.id})
	}
	w.stream(at, defender.TableAppEvents, event.ReportID, event)
}

// withoutPort takes the port off an address that has one.
func withoutPort(address string) string {
	if pair, err := netip.ParseAddrPort(address); err == nil {
		return pair.Addr().String()
	}
	return address
}
