package incident

import (
	"slices"
	"strings"

	"github.com/quoll/quoll/model"
)

// identity is a normalised way to name an entity: equal identities are the
// same thing, however a rule spelled it.
type identity struct{ kind, value string }

// identities returns the ways to name e. An account and its mailbox share
// their address, so that an alert on the one meets an alert on the other.
func identities(e model.Entity) []identity {
	var found []identity
	add := func(kind, value string) {
		value = strings.ToLower(strings.TrimSpace(value))
		if value != "" {
			found = append(found, identity{kind, value})
		}
	}
	ids := e.Identifiers
	switch e.Kind {
	case "Account":
		add("Account", ids["FullName"])
		if ids["Name"] != "" && ids["UPNSuffix"] != "" {
			add("Account", ids["Name"]+"@"+ids["UPNSuffix"])
		}
		add("Account", ids["AadUserId"])
		add("Account", ids["Sid"])
	case "Mailbox":
		add("Account", ids["MailboxPrimaryAddress"])
		add("Account", ids["Upn"])
	case "MailMessage":
		add("MailMessage", ids["NetworkMessageId"])
		add("MailMessage", ids["InternetMessageId"])
	default:
		for _, value := range ids {
			add(e.Kind, value)
		}
	}
	slices.SortFunc(found, func(a, b identity) int { return strings.Compare(a.kind+"\x00"+a.value, b.kind+"\x00"+b.value) })
	return slices.Compact(found)
}

func identitiesOf(entities []model.Entity) []identity {
	var all []identity
	for _, e := range entities {
		all = append(all, identities(e)...)
	}
	slices.SortFunc(all, func(a, b identity) int { return strings.Compare(a.kind+"\x00"+a.value, b.kind+"\x00"+b.value) })
	return slices.Compact(all)
}

// groupingIdentities are the identities of an alert that its rule lets join
// incidents. A mailbox counts where accounts do.
func groupingIdentities(a model.Alert) []identity {
	var all []identity
	for _, id := range identitiesOf(a.Entities) {
		if slices.Contains(a.Grouping.ByEntities, id.kind) {
			all = append(all, id)
		}
	}
	return all
}

// mergeEntities adds to known the entities of more that are not in it yet. An
// entity without any identity is nothing that could be shown, and left out.
func mergeEntities(known, more []model.Entity) []model.Entity {
	seen := map[string]bool{}
	name := func(e model.Entity) string {
		var b strings.Builder
		for _, id := range identities(e) {
			b.WriteString("\x00" + id.kind + "\x00" + id.value)
		}
		return b.String()
	}
	for _, e := range known {
		seen[name(e)] = true
	}
	for _, e := range more {
		if n := name(e); n != "" && !seen[n] {
			seen[n] = true
			known = append(known, e)
		}
	}
	return known
}
