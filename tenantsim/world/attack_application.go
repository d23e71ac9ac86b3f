package world

import (
	"time"

	"github.com/quoll/quoll/tenantsim/audit"
)

// consentPhishing: a link leads somebody to let an application read their mail.
func consentPhishing(w *World, t *teller) (string, string) {
	victim := w.cast(false, 0)
	t.after(0, func(at time.Time) {
		s := w.usualSeat(victim)
		w.signIn(victim, s, at, appOfficeHome, appGraph)
		r := w.consent(victim, s, at.Add(40*time.Second))
		permit(&r, "False", "Principal", "Mail.ReadWrite Mail.Send offline_access User.Read")
		w.record(at.Add(40*time.Second), r.ID, r, audit.ContentEntra)
	})
	return victim.UPN, ""
}

// permit says in a consent what it permits.
func permit(r *audit.Entra, administrator, kind, scope string) {
	for i, p := range r.ModifiedProperties {
		switch p.Name {
		case "ConsentContext.IsAdminConsent":
			r.ModifiedProperties[i].NewValue = administrator
		case "ConsentAction.Permissions":
			r.ModifiedProperties[i].NewValue = "[] => [[Id: x, ClientId: " + r.ObjectID + ", ConsentType: " + kind + ", Scope: " + scope + "]]; "
		}
	}
}

// applicationTakesMail: an administrator's account is taken over, and an
// application gets permission on all mail and a secret.
func applicationTakesMail(w *World, t *teller) (string, string) {
	const ip = "198.51.100.91"
	victim, s := w.cast(true, 0), w.intruder(t, ip)
	app := t.dice.GUID()
	target := []audit.Identity{{ID: "Application_" + app, Type: 2}, {ID: "Backup Sync", Type: 1}}
	t.after(0, func(at time.Time) { w.signIn(victim, s, at, appOfficeHome, appGraph) })
	t.after(4*time.Minute, func(at time.Time) {
		r := w.directory(victim, s, at, "Update application – Certificates and secrets management ", "Application")
		r.ObjectID, r.Target = app, target
		r.ModifiedProperties = append(r.ModifiedProperties, keyDescription(t.dice.GUID()))
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	t.after(6*time.Minute, func(at time.Time) {
		r := w.directory(victim, s, at, "Add app role assignment to service principal.", "ServicePrincipal")
		r.ObjectID, r.Target = appGraph, target
		r.ModifiedProperties = append(r.ModifiedProperties, audit.ModifiedProperty{Name: "AppRole.Value", NewValue: "Mail.ReadWrite"}, audit.ModifiedProperty{Name: "ServicePrincipal.DisplayName", NewValue: "Backup Sync"})
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	t.after(7*time.Minute, func(at time.Time) {
		r := w.consent(victim, s, at)
		permit(&r, "True", "AllPrincipals", "Mail.ReadWrite")
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	return victim.UPN, ip
}

// administratorMade: an administrator's account makes a new one, and takes the
// second factor away.
func administratorMade(w *World, t *teller) (string, string) {
	const ip = "198.51.100.97"
	victim, s := w.cast(true, 1), w.intruder(t, ip)
	chosen := w.cast(false, 1)
	t.after(0, func(at time.Time) { w.signIn(victim, s, at, appOfficeHome, appGraph) })
	t.after(3*time.Minute, func(at time.Time) {
		r := w.directory(victim, s, at, "Add member to role.", "Role")
		r.ObjectID, r.Target = chosen.UPN, []audit.Identity{{ID: chosen.UPN, Type: 5}}
		r.ModifiedProperties = append(r.ModifiedProperties, audit.ModifiedProperty{Name: "Role.DisplayName", NewValue: "Global Administrator"})
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	t.after(5*time.Minute, func(at time.Time) {
		r := w.directory(victim, s, at, "Update conditional access policy.", "Policy")
		r.ObjectID = t.dice.GUID()
		r.ModifiedProperties = append(r.ModifiedProperties, audit.ModifiedProperty{Name: "ConditionalAccessPolicy", NewValue: `{"displayName":"Require second factor","state":"disabled"}`, OldValue: `{"state":"enabled"}`})
		w.record(at, r.ID, r, audit.ContentEntra)
	})
	return victim.UPN, ip
}
