package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
)

// folder names a folder of a mailbox; its id is the mailbox's own and stays.
func (a *actor) folder(name string) audit.Folder {
	code := map[string]string{"Inbox": "EMAAAB", "Sent Items": "EJAAAB", "Deleted Items": "EKAAAB", "Drafts": "EPAAAB", "Calendar": "ENAAAB", "RSS Feeds": "FBAAAB", "Archive": "FCAAAB"}[name]
	return audit.Folder{ID: "LgAAAA" + a.FolderBase + code, Path: "\\" + name}
}

// mailbox begins a record of something in a person's own mailbox.
func (w *World) mailbox(a *actor, s seat, at time.Time, operation string, recordType int) audit.Mailbox {
	return audit.Mailbox{
		Common:           withStatus(w.common(a, s, at, workloadExchange, operation, recordType), "Succeeded"),
		ClientIPAddress:  s.ip,
		LogonUserSid:     a.SID,
		MailboxGUID:      a.MailboxGUID,
		MailboxOwnerSid:  a.SID,
		MailboxOwnerUPN:  a.UPN,
		OrganizationName: w.org.TenantDomain,
		// The line break is Microsoft's.
		OriginatingServer: w.server() + "\r\n",
		SessionID:         s.session,
	}
}

func withStatus(c audit.Common, status string) audit.Common {
	c.ResultStatus = status
	return c
}

// web, outlook and phone say with which client a mailbox was opened.
func web(m *audit.Mailbox, s seat) {
	m.AppID, m.ClientInfoString = appExchange, "Client=OWA;"+s.agent+";"
	m.ClientAppID = appOutlookWeb
	m.AppAccessContext = &audit.AppAccessContext{AADSessionID: s.session, ClientAppID: appOutlookWeb}
}

func outlook(m *audit.Mailbox, version string) {
	m.ClientInfoString, m.ClientProcessName, m.ClientVersion = "Client=MSExchangeRPC", "OUTLOOK.EXE", version
}

func phone(m *audit.Mailbox) {
	m.AppID, m.ClientAppID, m.ClientInfoString = appGraph, appPhone, "Client=OutlookService;Outlook-iOS/2.0;"
}

func (w *World) emitMailbox(m audit.Mailbox) string {
	at, err := time.Parse("2006-01-02T15:04:05", m.CreationTime)
	if err != nil {
		w.errs = append(w.errs, err)
		return ""
	}
	w.record(at, m.ID, m, audit.ContentExchange)
	return m.ID
}

// readMail opens some of the newest messages in the browser.
func (w *World) readMail(a *actor, s seat, at time.Time) {
	n := a.reads(at, min(w.dice.Count(1.2)+1, len(a.inbox)))
	if n == 0 {
		return
	}
	first := max(len(a.inbox)-n-w.dice.Below(6), 0)
	w.bind(a, s, at, a.folder("Inbox"), a.inbox[first:min(first+n, len(a.inbox))])
}

// bind records that messages were opened: what was opened in two minutes comes
// as one record, which has no ClientIP.
func (w *World) bind(a *actor, s seat, at time.Time, folder audit.Folder, messages []*message) string {
	m := w.mailbox(a, s, at, "MailItemsAccessed", audit.TypeExchangeItemAggregate)
	web(&m, s)
	m.ClientIP = ""
	m.OperationProperties = []audit.NameValue{{Name: "MailAccessType", Value: "Bind"}, {Name: "IsThrottled", Value: "False"}}
	read := audit.AggregatedFolder{ID: folder.ID, Path: folder.Path}
	for _, message := range messages {
		read.FolderItems = append(read.FolderItems, audit.FolderItem{
			ClientRequestID: w.dice.GUID(), ID: message.item, InternetMessageID: message.internet, SizeInBytes: message.bytes,
		})
	}
	m.Folders, m.OperationCount = []audit.AggregatedFolder{read}, len(read.FolderItems)
	return w.emitMailbox(m)
}

// outlookSync is Outlook fetching a whole folder.
func (w *World) outlookSync(a *actor, s seat, at time.Time) {
	m := w.sync(a, s, at, dice.Pick(w.dice, []string{"Inbox", "Inbox", "Sent Items", "Calendar"}))
	outlook(&m, a.Outlook)
	w.emitMailbox(m)
}

// phoneSync is a phone looking for mail out of hours.
func (w *World) phoneSync(a *actor, at time.Time) {
	s := seat{ip: a.MobileIP}
	if w.dice.Chance(0.6) {
		s.ip = a.HomeIP
	}
	m := w.sync(a, s, at, "Inbox")
	phone(&m)
	w.emitMailbox(m)
}

func (w *World) sync(a *actor, s seat, at time.Time, name string) audit.Mailbox {
	m := w.mailbox(a, s, at, "MailItemsAccessed", audit.TypeExchangeItem)
	m.OperationProperties = []audit.NameValue{{Name: "MailAccessType", Value: "Sync"}, {Name: "IsThrottled", Value: "False"}}
	folder := a.folder(name)
	folder.Name = name
	m.Item = &audit.Item{ID: folder.ID, ParentFolder: &folder}
	return m
}

func (w *World) recordSend(a *actor, s seat, message *message) string {
	m := w.mailbox(a, s, message.at, "Send", audit.TypeExchangeItem)
	web(&m, s)
	item := message.asItem(a.folder("Drafts"))
	m.Item, m.SaveToSentItems = &item, truth(true)
	return w.emitMailbox(m)
}

// deleteMail throws an old message away: to Deleted Items, or out of them.
func (w *World) deleteMail(a *actor, s seat, at time.Time) {
	if len(a.inbox) < 15 {
		return
	}
	victim := a.inbox[w.dice.Below(10)]
	a.forget(victim)
	switch {
	case w.dice.Chance(0.7):
		w.remove(a, s, at, "MoveToDeletedItems", "Inbox", victim)
	case w.dice.Chance(0.75):
		w.remove(a, s, at, "SoftDelete", "Deleted Items", victim)
	default:
		w.remove(a, s, at, "HardDelete", "Deleted Items", victim)
	}
}

// remove records a deletion from a folder.
func (w *World) remove(a *actor, s seat, at time.Time, operation, from string, messages ...*message) string {
	m := w.mailbox(a, s, at, operation, audit.TypeExchangeItemGroup)
	web(&m, s)
	folder := a.folder(from)
	m.Folder, m.CrossMailboxOp = &folder, truth(false)
	for _, message := range messages {
		m.AffectedItems = append(m.AffectedItems, message.asItem(folder))
	}
	if operation == "MoveToDeletedItems" {
		dest := a.folder("Deleted Items")
		m.DestFolder = &dest
	}
	return w.emitMailbox(m)
}
