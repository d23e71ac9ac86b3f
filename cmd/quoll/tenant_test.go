package main

import (
	"context"
	"os"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quoll/quoll/collect/activity"
	"github.com/quoll/quoll/tenantsim"
)

// simulate [FAULT...] starts a simulated tenant for the rest of the script. It
// writes ca.pem and client-secret, and sets URL, TENANT, DOMAIN and CLIENT.
// Faults are roles=A,B audit=off skew=10m disabled=Audit.Exchange secret=wrong
// secret=expired.
func simulate(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: simulate [fault...]")
	}
	settings := tenantsim.DefaultConfig(3)
	settings.NoStory, settings.History, settings.Volume = true, time.Hour, 0.01
	settings.Permissions = []string{"ActivityFeed.Read", "ActivityFeed.ReadDlp"}
	secret, disabled := "", ""
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		switch name + "=" + value {
		case "audit=off":
			settings.AuditOff = true
			continue
		case "secret=wrong":
			secret = "wrong"
			continue
		case "secret=expired":
			settings.SecretExpires = time.Now().Add(-time.Hour)
			continue
		}
		switch name {
		case "roles":
			settings.Permissions = strings.Split(value, ",")
		case "disabled":
			disabled = value
		case "skew":
			skew, err := time.ParseDuration(value)
			ts.Check(err)
			settings.Now = func() time.Time { return time.Now().Add(skew).UTC() }
		default:
			ts.Fatalf("simulate: no such fault: %s", arg)
		}
	}
	tenant, err := tenantsim.New(settings)
	ts.Check(err)
	server, err := tenant.Start(context.Background(), "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { ts.Check(server.Close()) })
	for _, contentType := range activity.ContentTypes() {
		tenant.Subscribe(contentType)
	}
	tenant.DisableSubscription(disabled)
	if secret == "" {
		secret = tenant.ClientSecret()
	}
	ts.Check(server.WriteCA(ts.MkAbs("ca.pem")))
	ts.Check(os.WriteFile(ts.MkAbs("client-secret"), []byte(secret), 0o600))
	ts.Setenv("URL", server.URL)
	ts.Setenv("TENANT", tenant.TenantID())
	ts.Setenv("DOMAIN", tenant.Domain())
	ts.Setenv("CLIENT", tenant.ClientID())
}

// expand FILE replaces $NAME in a file by what the script's environment says.
func expand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: expand file")
	}
	text := os.Expand(ts.ReadFile(args[0]), ts.Getenv)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
