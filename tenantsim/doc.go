// Package tenantsim is a simulated Microsoft 365 tenant that speaks the real
// protocols, for the demo and for tests. Production code never knows of it, and
// it knows nothing of Quoll but the protocols.
//
// # What is simulated
//
// An invented Australian agency of forty people with departments, devices,
// usual addresses, sites, teams and mail partners, living through working days,
// nights and weekends in its own time zone. One seed makes one world.
//
// Audit records of Exchange (mailbox and administration), SharePoint and
// OneDrive, Teams, Entra, Purview, data loss prevention, Power BI and Copilot,
// worded as the Office 365 Management Activity API words them, behind the API's
// own endpoints: tokens from Microsoft Entra's v2.0 endpoint by client
// credentials, subscriptions, listings by window and page, content, error codes.
// Records arrive unordered, some of them late, some of them twice.
//
// The same records behind Microsoft Graph's search of the audit log: queries
// that take their time, pages, the limits of records and queries, and its bad
// days (graph.Faults).
//
// Defender events (EmailEvents, EmailAttachmentInfo,
// EmailUrlInfo, EmailPostDeliveryEvents, UrlClickEvents) as the Streaming API
// exports them to a storage account, here a folder. Mail is the same in both
// sources: joined by NetworkMessageId and InternetMessageId. AlertInfo and
// AlertEvidence tell what Defender says of mail that was cleared away, clicked or
// reported; CloudAppEvents tells some of the audit records once more.
//
// One business e-mail compromise, with its ground truth (Story), among
// look-alikes that are harmless: a traveller who signs in from elsewhere,
// inbox rules that tidy newsletters away, forwarding inside the agency, clicks
// on honest links, phish that nobody followed.
//
// Bad days of the service, by seed (feed.Faults).
//
// Time: the tenant's clock is injected. History is there when the tenant is
// made; Run and Advance let it go on. What appears when does not depend on how
// often the tenant is looked at, so that a tenant made again with the same
// Config.StateFile offers the same content.
//
// # What is not
//
// Webhooks are refused with AF20021, so that notifications are always an empty
// list. Values that matched a data loss prevention rule are never included,
// whatever the permissions. There is one tenant. Other grant types, certificates
// and consent are not answered. Windows may start exactly 7 days back and not,
// as has been seen, an hour more. Records carry no address of a data centre,
// and the countries of addresses are not invented: addresses are of the ranges
// kept for documentation.
package tenantsim
