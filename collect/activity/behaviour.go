package activity

import "github.com/quoll/quoll/collect/entra"

// behaviour is what the collector does about an error.
type behaviour int

const (
	retry        behaviour = iota // try again later
	throttled                     // slow down, then try again
	unauthorised                  // get a new token, then try again
	fixWindow                     // ask for a shorter or later window
	relist                        // begin the listing of this window anew
	subscribe                     // look at the subscription and start it
	success                       // it is what was wanted
	gone                          // the blob is not there; after several tries a gap
	expired                       // the blob is lost; a gap
	blocked                       // a person has to act; try again, slowly
)

func (b behaviour) String() string {
	return [...]string{
		retry:        "tries again, ever more slowly",
		throttled:    "slows down and tries again",
		unauthorised: "gets a new token and tries again",
		fixWindow:    "asks for a shorter window, corrected by the server's clock",
		relist:       "lists the window anew from its first page",
		subscribe:    "starts the subscription and tries again",
		success:      "takes it as success",
		gone:         "tries again for most of a day, then records the blob as a gap",
		expired:      "records the blob as a gap, for ever",
		blocked:      "tries again every few minutes until it is mended",
	}[b]
}

// Explanation is what a code of the API or of Microsoft Entra means to the
// person who runs Quoll.
type Explanation struct {
	Code   string
	Cause  string
	Remedy string
	does   behaviour
}

// Does says in words what the collector does about it.
func (e Explanation) Does() string { return e.does.String() }

const (
	ourFault     = "This is a fault in Quoll: please report it with the connector's detail."
	theirFault   = "Nothing to do. If it lasts for hours, look at the service health page of Microsoft 365."
	permissions  = "In the Microsoft Entra admin center open App registrations, the application, API permissions; add the application permission ActivityFeed.Read of \"Office 365 Management APIs\" and grant admin consent."
	nothingToDo  = "Nothing to do."
	newSecret    = "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets; create a client secret and put its value (not its id) where Quoll's configuration reads it."
	newCert      = "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets; upload the certificate that Quoll's configuration names, or put a new one with its key there and upload it."
	federation   = "In the Microsoft Entra admin center open App registrations, the application, Certificates & secrets, Federated credentials; issuer, subject and audience must be those of the token."
	checkTenant  = "Check the tenant id and the cloud in Quoll's configuration against Overview in the Microsoft Entra admin center."
	checkClient  = "Check the client id in Quoll's configuration against App registrations in the Microsoft Entra admin center."
	turnAuditOn  = "In the Microsoft Purview portal open Audit and turn auditing on, or run Set-AdminAuditLogConfig -UnifiedAuditLogIngestionEnabled $true. It takes up to 60 minutes."
	codeAuditOff = "audit-off"
	codeAborted  = "aborted"
	codeEmpty    = "empty"

	codePermission = "AF10001"
	codeForeign    = "foreign-link"
)

// explanations are the codes of the Management Activity API, in order, then
// those of Microsoft Entra, then what has no code of Microsoft's. Codes
// AF20024, AF50005 and AF50006 are not in Microsoft's reference.
var explanations = []Explanation{
	{codePermission, "The application lacks the permission to read the audit feed.", permissions, blocked},
	{"AF20001", "A parameter of the request is missing.", ourFault, retry},
	{"AF20002", "A parameter of the request has the wrong type.", ourFault, retry},
	{"AF20003", "The expiration of the webhook lies in the past.", ourFault, retry},
	{"AF20010", "The tenant id is not the tenant that the token was issued for.", checkTenant, blocked},
	{"AF20011", "The tenant does not exist or was deleted.", checkTenant, blocked},
	{"AF20012", "The tenant is not configured for the API.", "Ask Microsoft support to look at the tenant's configuration for the Office 365 Management Activity API.", blocked},
	{"AF20013", "The tenant id is not a GUID.", checkTenant, blocked},
	{"AF20020", "The API does not know the content type.", "Check content_types in Quoll's configuration.", retry},
	{"AF20021", "The webhook could not be validated.", "Check that the webhook's address is reachable from the internet over https.", retry},
	{"AF20022", "There is no subscription for the content type.", "Nothing to do: Quoll starts it. If it lasts, the tenant may have no right to the content type: take that out of content_types in Quoll's configuration, or ask Microsoft support.", subscribe},
	{"AF20023", "The subscription was disabled by an administrator.", "Nothing to do, unless it happens again: then find out who disables it. Content that became available in between is not offered by this API.", subscribe},
	{"AF20024", "The subscription is already enabled.", nothingToDo, success},
	{"AF20030", "The API refuses the window of time.", "Check the clock of this machine.", fixWindow},
	{"AF20031", "The link to the next page is no longer valid.", nothingToDo, relist},
	{"AF20050", "The content does not exist.", "Nothing to do: if it stays away it is recorded as a gap. A search in the Microsoft Purview portal may still find its records.", gone},
	{"AF20051", "The content expired before it was fetched.", "Recorded as a gap. A search in the Microsoft Purview portal may still find its records.", expired},
	{"AF20052", "The API does not accept the id of the content.", "Nothing to do: if it stays so it is recorded as a gap.", gone},
	{"AF20053", "More than one language was asked for.", ourFault, retry},
	{"AF20054", "The language asked for is malformed.", ourFault, retry},
	{"AF20055", "The API refuses the window of time.", "Check the clock of this machine.", fixWindow},
	{"AF429", "Too many requests for this tenant.", "Nothing to do. If it lasts, lower requests_per_minute, or find the other clients that use the same publisher identifier.", throttled},
	{"AF50000", "The API has an internal error.", theirFault, retry},
	{"AF50005", "The API has an internal error.", theirFault, retry},
	{"AF50006", "The API has an internal error.", theirFault, retry},

	{"AADSTS50034", "Microsoft Entra does not know the account.", checkClient, blocked},
	{"AADSTS53003", "A Conditional Access policy blocks the application.", "Exclude the application from the policy, or allow the address of this machine.", blocked},
	{"AADSTS90002", "Microsoft Entra does not know the tenant.", checkTenant, blocked},
	{"AADSTS500011", "The Office 365 Management APIs are not known in the tenant.", permissions, blocked},
	{"AADSTS65001", "An administrator has not consented to the application.", permissions, blocked},
	{"AADSTS700016", "Microsoft Entra does not know the application in this tenant.", checkClient, blocked},
	{"AADSTS7000112", "The application is disabled.", "In the Microsoft Entra admin center open Enterprise applications, the application, Properties; enable it for users to sign in.", blocked},
	{"AADSTS7000215", "The client secret is wrong.", newSecret, blocked},
	{"AADSTS7000222", "The client secret has expired.", newSecret, blocked},

	{"AADSTS70021", "No federated credential of the application matches the token.", federation, blocked},
	{"AADSTS700211", "No federated credential of the application matches the token's issuer.", federation, blocked},
	{"AADSTS700212", "No federated credential of the application matches the token's audience.", federation, blocked},
	{"AADSTS700213", "No federated credential of the application matches the token's subject.", federation, blocked},
	{"AADSTS700024", "The federated token, or what the certificate signed, is not valid at this time.", "Check the clock of this machine, and that whoever writes the federated token renews it.", blocked},
	{"AADSTS700027", "Microsoft Entra does not accept the certificate.", newCert, blocked},
	{"AADSTS1000502", "The certificate has expired.", newCert, blocked},
	{entra.CodeExpired, "The certificate has expired.", newCert, blocked},
	{entra.CodeUnreadable, "What Quoll signs in with cannot be read.", "Look at the file that the detail names.", blocked},

	{codeAuditOff, "Auditing is not turned on in the tenant.", turnAuditOn, blocked},
	{"401", "The API does not accept the token.", "Nothing to do if it passes. If it lasts, check the cloud in Quoll's configuration and the clock of this machine.", unauthorised},
	{"429", "Too many requests.", "Nothing to do. If it lasts, lower requests_per_minute.", throttled},
	{codeForeign, "The API's answer leads to another host than the configured one, and no token is sent there.", "Check cloud and base_url in Quoll's configuration: cloud must be that of the tenant, and base_url is needed for a gateway only.", retry},
	{codeEmpty, "The API answers with nothing where the records of a blob should be; it has at least an empty list where there are none.", "Nothing to do if it passes: the blob is tried as long as the API may have it, a day past its expiration, and is then recorded as a gap. If it lasts, look for a proxy between this machine and Microsoft; a search (quoll backfill) brings the records.", retry},
	{codeAborted, "The answer broke off or was not what the API sends.", "Nothing to do if it passes. If it lasts, look for a proxy between this machine and Microsoft that blocks or rewrites.", retry},
}

// Explanations returns all codes that the collector knows, in order.
func Explanations() []Explanation {
	all := make([]Explanation, len(explanations))
	copy(all, explanations)
	return all
}

func explain(code string) (Explanation, bool) {
	for _, e := range explanations {
		if e.Code == code {
			return e, true
		}
	}
	return Explanation{}, false
}
