package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quoll/quoll/collect"
	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/collect/entra"
)

const (
	roleRead   = "ActivityFeed.Read"
	roleDLP    = "ActivityFeed.ReadDlp"
	roleSearch = "AuditLogsQuery.Read.All"
	contentDLP = "DLP.All"

	grant = "In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission %s of %q and grant admin consent."

	// Below skewWarns a slow answer looks the same.
	skewWarns = 30 * time.Second
	// From skewBlocks on Microsoft refuses what a machine with that clock signs.
	skewBlocks = 5 * time.Minute
)

// tenant makes the checks of one tenant. What cannot be asked because of what
// was found before is left out.
func (r *run) tenant(ctx context.Context, t Tenant) {
	r.name = t.Name
	defer func() { r.name = "" }()
	if t.Activity == nil {
		r.domain(ctx, t)
		return
	}
	p, err := activity.NewProbe(*t.Activity, activity.Dependencies{Clock: r.Clock})
	if err != nil {
		r.say("configuration", Blocking, err.Error(), "Mend it in the configuration file.")
		return
	}
	cfg := p.Config()
	if !r.reach(ctx, p, "the authority", cfg.AuthorityURL) || !r.reach(ctx, p, "the API", cfg.BaseURL) {
		return
	}
	r.clock(p.Skew())
	r.cloud(ctx, p)
	if !r.token(ctx, p) {
		return
	}
	r.search(ctx, p)
	r.subscriptions(ctx, p)
}

// domain looks up the GUID of a tenant that was named by its domain.
func (r *run) domain(ctx context.Context, t Tenant) {
	if t.Authority == "" || !strings.Contains(t.ID, ".") {
		return
	}
	r.step(ctx, func(ctx context.Context) {
		about, err := activity.LookUp(ctx, defaultClient(t), t.Authority, t.ID)
		if err == nil {
			r.say("tenant id", Blocking, fmt.Sprintf("tenant_id is the domain %s; the API takes only the GUID", t.ID), "Write tenant_id: "+about.ID)
			return
		}
		r.report(Finding{Check: "tenant id", Tenant: r.name, Severity: Blocking, Detail: err.Error(),
			Found: fmt.Sprintf("tenant_id is the domain %s; the API takes only the GUID", t.ID), Remedy: "Copy Tenant ID from Overview in the Microsoft Entra admin center."})
	})
}

func (r *run) clock(skew time.Duration) {
	which := "behind"
	if skew < 0 {
		which = "ahead of"
	}
	found := fmt.Sprintf("this machine's clock is %v %s Microsoft's", skew.Abs().Round(time.Second), which)
	const remedy = "Set the clock: timedatectl set-ntp true, or start chrony."
	switch {
	case skew.Abs() < skewWarns:
		r.say("clock", OK, "within half a minute of Microsoft's", "")
	case skew.Abs() >= skewBlocks:
		r.say("clock", Blocking, found, remedy)
	default:
		r.say("clock", Warning, found, remedy)
	}
}

// token checks the credential, and what the token for the API says.
func (r *run) token(ctx context.Context, p *activity.Probe) bool {
	cfg := p.Config()
	var claims entra.Claims
	var problem *collect.Problem
	r.step(ctx, func(ctx context.Context) { claims, problem = p.Token(ctx, cfg.Resource) })
	if problem != nil {
		r.problem("sign-in", problem)
		return false
	}
	if cfg.AskGraph {
		r.step(ctx, func(ctx context.Context) {
			if _, err := p.AskSecretEnds(ctx); err != nil {
				r.report(Finding{Check: "sign-in", Tenant: r.name, Severity: Warning, Detail: err.Error(), Found: "Microsoft Graph does not say when the client secret ends",
					Remedy: fmt.Sprintf(grant, "Application.Read.All", "Microsoft Graph") + " Or give the date as client_secret_expires."})
			}
		})
	}
	ends := p.CredentialEnds()
	switch warning := entra.Warning(cfg.Kind(), ends, r.Clock.Now()); {
	case warning != nil:
		r.report(Finding{Check: "sign-in", Tenant: r.name, Severity: Warning, Code: warning.Code, Found: warning.Cause, Remedy: warning.Remedy})
	case ends.IsZero() && cfg.AskGraph: // said already
	case ends.IsZero() && cfg.Kind() == entra.KindSecret:
		r.say("sign-in", Warning, "the client secret works; nobody has said when it ends", "Set client_secret_expires to the date under Certificates & secrets, so that Quoll can say in time that it ends.")
	case ends.IsZero():
		r.say("sign-in", OK, fmt.Sprintf("the %s works", cfg.Kind()), "")
	default:
		r.say("sign-in", OK, fmt.Sprintf("the %s works, until %s", cfg.Kind(), ends.Format(time.DateOnly)), "")
	}
	if claims.Tenant == "" && claims.Roles == nil {
		r.say("permissions", Note, "the token does not say what it permits", "")
		return true
	}
	if !strings.EqualFold(claims.Tenant, cfg.TenantID) {
		r.say("tenant id", Blocking, fmt.Sprintf("the token is of the tenant %s, tenant_id is %s", claims.Tenant, cfg.TenantID), "Write the tenant_id of the tenant that the application was registered in.")
		return false
	}
	r.say("tenant id", OK, cfg.TenantID, "")
	return r.permissions(cfg, claims.Roles)
}

func (r *run) permissions(cfg activity.Config, roles []string) bool {
	const api = "Office 365 Management APIs"
	if !slices.Contains(roles, roleRead) {
		r.say("permissions", Blocking, fmt.Sprintf("%s is missing; granted: %s", roleRead, orNone(roles)), fmt.Sprintf(grant, roleRead, api))
		return false
	}
	r.say("permissions", OK, "granted: "+strings.Join(roles, ", "), "")
	switch collected := slices.Contains(cfg.ContentTypes, contentDLP); {
	case !collected:
		r.say("DLP scope", Note, "DLP.All is not among content_types: records of data loss prevention are not collected", "Add DLP.All to content_types, or leave content_types out, if they are wanted.")
	case !slices.Contains(roles, roleDLP):
		r.say("DLP scope", Warning, roleDLP+" is missing: records of data loss prevention come without the text that matched", fmt.Sprintf(grant, roleDLP, api))
	default:
		r.say("DLP scope", OK, "records of data loss prevention come with the text that matched", "")
	}
	return true
}

func orNone(roles []string) string {
	if len(roles) == 0 {
		return "none"
	}
	return strings.Join(roles, ", ")
}

// search checks what quoll backfill needs of Microsoft Graph.
func (r *run) search(ctx context.Context, p *activity.Probe) {
	cfg := p.Config()
	endpoints, _ := cfg.Cloud.Endpoints()
	if !endpoints.AuditSearch {
		r.say("audit search", Note, fmt.Sprintf("Microsoft Graph has no search of the audit log in the cloud %s: nothing from before the 7 days of the API can be had, and quoll backfill not used", cfg.Cloud), "")
		return
	}
	var claims entra.Claims
	var problem *collect.Problem
	r.step(ctx, func(ctx context.Context) { claims, problem = p.Token(ctx, endpoints.Graph) })
	remedy := fmt.Sprintf(grant, roleSearch, "Microsoft Graph")
	switch {
	case problem != nil:
		r.report(Finding{Check: "audit search", Tenant: r.name, Severity: Note, Code: problem.Code, Found: "no token for Microsoft Graph, which quoll backfill needs beyond 7 days: " + problem.Cause, Remedy: remedy, Detail: problem.Detail})
	case !slices.Contains(claims.Roles, roleSearch):
		r.say("audit search", Note, roleSearch+" is missing: quoll backfill cannot be used, and nothing from before the 7 days of the API be had", remedy)
	default:
		r.say("audit search", OK, roleSearch+" is granted", "")
	}
}

// subscriptions checks the API itself: auditing, and each content type.
func (r *run) subscriptions(ctx context.Context, p *activity.Probe) {
	var states map[string]activity.SubscriptionState
	var problem *collect.Problem
	r.step(ctx, func(ctx context.Context) { states, problem = p.Subscriptions(ctx) })
	if problem != nil {
		r.problem("audit log", problem)
		return
	}
	enabled := slices.IndexFunc(p.Config().ContentTypes, func(contentType string) bool { return states[contentType].Status == collect.SubscriptionEnabled })
	if enabled < 0 {
		// A tenant without auditing is refused when something is started.
		r.say("audit log", Note, "the API answers; whether auditing is on shows when a subscription is started", "Look in the Microsoft Purview portal under Audit whether it records activities.")
	} else {
		r.step(ctx, func(ctx context.Context) { problem = p.List(ctx, p.Config().ContentTypes[enabled]) })
		if problem != nil {
			r.problem("audit log", problem)
			return
		}
		r.say("audit log", OK, "the API answers", "")
	}
	for _, contentType := range p.Config().ContentTypes {
		r.subscription(contentType, states[contentType])
	}
}

func (r *run) subscription(contentType string, s activity.SubscriptionState) {
	check := "subscription " + contentType
	switch s.Status {
	case collect.SubscriptionDisabled:
		r.say(check, Warning, "an administrator has disabled it; quoll serve starts it again", "Find out who disables it: what became available since then is not offered by this API. quoll backfill can bring it.")
	case collect.SubscriptionMissing:
		r.say(check, Note, "not started yet; quoll serve starts it", "")
	default:
		found := "enabled"
		if s.Webhook != "" {
			found += ", webhook " + s.Webhook
		}
		r.say(check, OK, found, "")
	}
}

// problem reports what the collector would show.
func (r *run) problem(check string, p *collect.Problem) {
	r.report(Finding{Check: check, Tenant: r.name, Severity: Blocking, Code: p.Code, Found: p.Cause, Remedy: p.Remedy, Detail: p.Detail})
}
