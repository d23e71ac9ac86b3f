package world

import (
	"fmt"
	"strings"
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
	"github.com/quoll/quoll/tenantsim/dice"
)

// startDay is what the first minutes of a working day leave behind.
func (w *World) startDay(a *actor, s seat, at time.Time) {
	if w.dice.Chance(0.08) {
		w.signInFails(a, s, at)
	}
	w.signIn(a, s, at, appOutlook, appExchange)
	w.signIn(a, s, at, appTeams, appGraph)
	w.signIn(a, s, at, appOfficeHome, appGraph)
	w.teamsSession(a, s, at)
	w.outlookSync(a, s, at)
}

func (w *World) signInAgain(a *actor, s seat, at time.Time) {
	pair := dice.Pick(w.dice, [][2]string{{appOutlookWeb, appExchange}, {appSharePoint, appSharePoint}, {appTeams, appGraph}, {appPowerBI, appGraph}, {appOneDriveSync, appSharePoint}})
	w.signIn(a, s, at, pair[0], pair[1])
}

func (w *World) logon(a *actor, s seat, at time.Time, operation, app, resource string) audit.Entra {
	r := audit.Entra{
		Common:                        withStatus(w.common(a, s, at, workloadEntra, operation, audit.TypeEntraLogon), "Success"),
		AzureActiveDirectoryEventType: 1,
		ExtendedProperties: []audit.NameValue{
			{Name: "ResultStatusDetail", Value: "Success"},
			{Name: "UserAgent", Value: s.agent},
			{Name: "RequestType", Value: "OAuth2:Authorize"},
		},
		ModifiedProperties: []audit.ModifiedProperty{},
		Actor:              []audit.Identity{{ID: a.ObjectID, Type: 0}, {ID: a.UPN, Type: 5}},
		ActorContextID:     w.org.TenantID,
		ActorIPAddress:     s.ip,
		InterSystemsID:     w.dice.GUID(),
		Target:             []audit.Identity{{ID: resource, Type: 0}},
		TargetContextID:    w.org.TenantID,
		ApplicationID:      app,
		DeviceProperties: []audit.NameValue{
			{Name: "OS", Value: s.os},
			{Name: "BrowserType", Value: s.browser},
		},
		ErrorNumber: "0",
	}
	r.ObjectID, r.IntraSystemID = resource, r.ID
	if s.managed {
		r.DeviceProperties = append(r.DeviceProperties, audit.NameValue{Name: "Id", Value: a.DeviceID}, audit.NameValue{Name: "DisplayName", Value: a.DeviceName}, audit.NameValue{Name: "TrustType", Value: "1"})
	}
	r.DeviceProperties = append(r.DeviceProperties,
		audit.NameValue{Name: "IsCompliantAndManaged", Value: map[bool]string{true: "True", false: "False"}[s.managed]},
		audit.NameValue{Name: "SessionId", Value: s.session})
	return r
}

func (w *World) signIn(a *actor, s seat, at time.Time, app, resource string) string {
	r := w.logon(a, s, at, "UserLoggedIn", app, resource)
	w.record(at, r.ID, r, audit.ContentEntra)
	return r.ID
}

// signInFails is a mistyped password. ResultStatus says Success all the same:
// the record was written, the logon failed.
func (w *World) signInFails(a *actor, s seat, at time.Time) {
	w.failedLogon(a, s, at, "50126", "InvalidUserNameOrPassword")
}

func (w *World) failedLogon(a *actor, s seat, at time.Time, number, text string) string {
	r := w.logon(a, s, at, "UserLoginFailed", appOfficeHome, appGraph)
	r.ErrorNumber, r.LogonError = number, text
	w.record(at, r.ID, r, audit.ContentEntra)
	return r.ID
}

// directory begins a record of a change in Entra.
func (w *World) directory(a *actor, s seat, at time.Time, operation, category string) audit.Entra {
	r := audit.Entra{
		Common:                        withStatus(w.common(a, s, at, workloadEntra, operation, audit.TypeEntra), "Success"),
		AzureActiveDirectoryEventType: 1,
		ExtendedProperties: []audit.NameValue{
			{Name: "additionalDetails", Value: `{"User-Agent":"` + s.agent + `"}`},
			{Name: "extendedAuditEventCategory", Value: category},
		},
		ModifiedProperties: []audit.ModifiedProperty{},
		Actor:              []audit.Identity{{ID: a.UPN, Type: 5}, {ID: a.PUID, Type: 3}, {ID: "User_" + a.ObjectID, Type: 2}, {ID: a.ObjectID, Type: 2}, {ID: "User", Type: 2}},
		ActorContextID:     w.org.TenantID,
		InterSystemsID:     w.dice.GUID(),
		IntraSystemID:      w.dice.GUID(),
		TargetContextID:    w.org.TenantID,
	}
	r.ClientIP, r.UserKey = "", a.PUID+"@"+w.org.TenantDomain
	return r
}

// administerEntra is one of the things that administrators of the directory do.
func (w *World) administerEntra(a *actor, s seat, at time.Time) {
	someone := dice.Pick(w.dice, w.org.People)
	target := []audit.Identity{{ID: "User_" + someone.ObjectID, Type: 2}, {ID: someone.ObjectID, Type: 2}, {ID: "User", Type: 2}, {ID: someone.UPN, Type: 5}, {ID: someone.PUID, Type: 3}}
	var r audit.Entra
	switch w.dice.Below(12) {
	case 0:
		r = w.directory(a, s, at, "Add member to role.", "Role")
		r.ObjectID, r.Target = someone.UPN, target
		r.ModifiedProperties = append(r.ModifiedProperties,
			audit.ModifiedProperty{Name: "Role.ObjectID", NewValue: w.dice.GUID()},
			audit.ModifiedProperty{Name: "Role.DisplayName", NewValue: "Reports Reader"},
			audit.ModifiedProperty{Name: "Role.TemplateId", NewValue: "4a5d8f65-41da-4de4-8968-e035b65339cf"},
			audit.ModifiedProperty{Name: "Role.WellKnownObjectName", NewValue: "ReportsReader"})
	case 1:
		r = w.consent(a, s, at)
	case 2, 3:
		r = w.directory(a, s, at, "Add member to group.", "Group")
		r.ObjectID, r.Target = someone.UPN, target
		r.ModifiedProperties = append(r.ModifiedProperties, audit.ModifiedProperty{Name: "Group.DisplayName", NewValue: "SG-Project-Access"})
	case 4:
		// The dash and the blank at the end are Microsoft's.
		r = w.directory(a, s, at, "Update application – Certificates and secrets management ", "Application")
		// A renewal: the old secret is there still.
		key := w.dice.GUID()
		r.ObjectID = dice.Named(w.cfg.Seed, "Timesheet Connector").GUID()
		r.Target = []audit.Identity{{ID: "Application_" + r.ObjectID, Type: 2}, {ID: "Timesheet Connector", Type: 1}}
		r.ModifiedProperties = append(r.ModifiedProperties, keyDescription(r.ObjectID, key), audit.ModifiedProperty{Name: "Included Updated Properties", NewValue: "KeyDescription"})
	default:
		r = w.directory(a, s, at, "Update user.", "User")
		r.ObjectID, r.Target = someone.UPN, target
		r.ModifiedProperties = append(r.ModifiedProperties,
			audit.ModifiedProperty{Name: "Department", NewValue: fmt.Sprintf("[\r\n  %q\r\n]", someone.Department), OldValue: "[]"},
			audit.ModifiedProperty{Name: "Included Updated Properties", NewValue: "Department"},
			audit.ModifiedProperty{Name: "TargetId.UserType", NewValue: "Member"})
	}
	w.record(at, r.ID, r, audit.ContentEntra)
}

// keyDescription tells of a secret that was added beside others, by their ids.
func keyDescription(keys ...string) audit.ModifiedProperty {
	list := func(keys []string) string {
		text := []string{}
		for _, key := range keys {
			text = append(text, fmt.Sprintf("\r\n  %q", "[KeyIdentifier="+key+",KeyType=Password,KeyUsage=Verify,DisplayName=sync]"))
		}
		if len(text) == 0 {
			return "[]"
		}
		return "[" + strings.Join(text, ",") + "\r\n]"
	}
	return audit.ModifiedProperty{Name: "KeyDescription", NewValue: list(keys), OldValue: list(keys[:len(keys)-1])}
}

func (w *World) consent(a *actor, s seat, at time.Time) audit.Entra {
	app := w.dice.GUID()
	r := w.directory(a, s, at, "Consent to application.", "ServicePrincipal")
	r.ObjectID = app
	r.Target = []audit.Identity{{ID: "ServicePrincipal_" + app, Type: 2}, {ID: app, Type: 2}, {ID: "ServicePrincipal", Type: 2}, {ID: "Tide Table Viewer", Type: 1}, {ID: app, Type: 4}}
	for _, p := range [][2]string{
		{"ConsentContext.IsAdminConsent", "True"}, {"ConsentContext.IsAppOnly", "False"}, {"ConsentContext.OnBehalfOfAll", "True"}, {"ConsentContext.Tags", "WindowsAzureActiveDirectoryIntegratedApp"},
		{"ConsentAction.Permissions", "[] => [[Id: " + w.dice.Base64(32)[:43] + ", ClientId: " + app + ", PrincipalId: , ResourceId: " + appGraph + ", ConsentType: AllPrincipals, Scope: User.Read]]; "},
		{"TargetId.ServicePrincipalNames", app},
	} {
		r.ModifiedProperties = append(r.ModifiedProperties, audit.ModifiedProperty{Name: p[0], NewValue: p[1]})
	}
	return r
}
