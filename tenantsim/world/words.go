package world

import (
	"net"
	"strconv"
	"strings"
)

// Workloads, as records name them.
const (
	workloadExchange   = "Exchange"
	workloadSharePoint = "SharePoint"
	workloadOneDrive   = "OneDrive"
	workloadTeams      = "MicrosoftTeams"
	workloadEntra      = "AzureActiveDirectory"
	workloadCompliance = "SecurityComplianceCenter"
	workloadPowerBI    = "PowerBI"
	workloadCopilot    = "Copilot"
)

// Applications, by their ids in Entra.
const (
	appExchange     = "00000002-0000-0ff1-ce00-000000000000"
	appSharePoint   = "00000003-0000-0ff1-ce00-000000000000"
	appGraph        = "00000003-0000-0000-c000-000000000000"
	appOfficeHome   = "4765445b-32c6-49b0-83e6-1d93765276ca"
	appOutlookWeb   = "9199bf20-a13f-4107-85dc-02114787ef48"
	appOutlook      = "d3590ed6-52b3-4102-aeff-aad2292ab01c"
	appTeams        = "1fec8e78-bce4-4aaf-ab1b-5451cc387264"
	appOneDriveSync = "ab9b8c07-8f02-4f72-87fa-80105867a763"
	appPowerBI      = "871c010f-5e61-4fb1-83ac-98610a7e9110"
	appPhone        = "27922004-5251-4030-b22d-91ecd9a37ea4"
)

func lower(s string) string { return strings.ToLower(s) }

// withPort words an address as Exchange administration does: address and port,
// IPv6 in brackets.
func (w *World) withPort(ip string) string {
	return net.JoinHostPort(ip, strconv.Itoa(w.dice.Between(1025, 65000)))
}

// server names an Exchange server with its build.
func (w *World) server() string {
	return "ME" + strconv.Itoa(w.dice.Between(1, 4)) + "PR01MB" + strconv.Itoa(w.dice.Between(1000, 9400)) + " (15.20.9320." + strconv.Itoa(w.dice.Between(10, 29)) + ")"
}

func truth(b bool) *bool { return &b }
