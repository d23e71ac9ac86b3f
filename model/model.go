// Package model holds the few values that every part of the river shares: the
// envelope of a raw payload, and the names of tenants and sources.
//
// It must not know how a payload is fetched, stored or interpreted, and it
// imports nothing but the standard library.
package model

import (
	"crypto/sha256"
	"time"
)

// Source names the road on which a payload reached Quoll.
type Source string

// The roads. Each is a package below collect.
const (
	SourceActivity   Source = "activity"   // Office 365 Management Activity API
	SourceBlobExport Source = "blobexport" // Defender streaming export in the Azure Storage layout
	SourceEventHub   Source = "eventhub"   // Defender streaming export in Event Hubs
	SourcePush       Source = "push"       // Defender records that a relay brings by HTTP
	SourceFile       Source = "file"       // quoll import
	// SourceAuditSearch is the search of the audit log in Microsoft Graph.
	SourceAuditSearch Source = "auditsearch"
	// SourceHunting is Defender's advanced hunting through Microsoft Graph.
	SourceHunting Source = "hunting"
	// SourceQuoll is Quoll itself: what detection and the handling of incidents
	// write.
	SourceQuoll Source = "quoll"
	// SourceLedger is Quoll's own ledger of what should exist: what it certifies
	// is journalled, and so archived, like what came from elsewhere.
	SourceLedger Source = "ledger"
)

// Format says how the body of a payload is to be read. It is decided by the
// collector, which knows what it asked for, and never guessed downstream.
type Format string

// The formats. Line formats accept LF and CR LF and ignore blank lines.
const (
	// FormatAuditArray is a JSON array of audit records: the body of a content
	// blob of the Management Activity API, or a part of one, cut between two
	// records.
	FormatAuditArray Format = "audit-array"
	// FormatAuditLines is one audit record a line.
	FormatAuditLines Format = "audit-lines"
	// FormatAuditSearchCSV is a CSV export of Purview audit search or of
	// Search-UnifiedAuditLog: a header line, and the record in the column
	// AuditData.
	FormatAuditSearchCSV Format = "audit-search-csv"
	// FormatAuditSearchPage is one page of records of Microsoft Graph's search of
	// the audit log: {"@odata.nextLink":…,"value":[{…,"auditData":{…}},…]}.
	FormatAuditSearchPage Format = "audit-search-page"
	// FormatOfficeActivityCSV is a CSV export of Sentinel's OfficeActivity
	// table: a header line of column names, then rows as Sentinel wrote them.
	FormatOfficeActivityCSV Format = "officeactivity-csv"
	// FormatOfficeActivityJSON is rows of OfficeActivity as Log Analytics gives
	// them: one JSON object a row, by the names of columns, one a line or in an
	// array.
	FormatOfficeActivityJSON Format = "officeactivity-json"
	// FormatHuntingResults is the answer of advanced hunting to a query for rows
	// of one table, which is the ContentType of the payload:
	// {"schema":[…],"results":[{"Timestamp":…},…]}.
	FormatHuntingResults Format = "hunting-results"
	// FormatDefenderLines is one streaming record of Microsoft Defender XDR a
	// line: {"time":…,"tenantId":…,"category":"AdvancedHunting-…","properties":{…}}.
	FormatDefenderLines Format = "defender-lines"
	// FormatOwnRows is rows that Quoll writes itself, one JSON object a line:
	// {"table":…,"key":…,"row":{…}}. row has its columns by name; rows of one
	// table and key are the same.
	FormatOwnRows Format = "own-rows"
	// FormatDefenderMessages is messages of Event Hubs, framed one behind the
	// other (docs/formats/defender-messages.md). A message is
	// {"records":[…]} of streaming records of Microsoft Defender XDR.
	FormatDefenderMessages Format = "defender-messages"
	// FormatCertificate is a signed certificate of completeness, FormatBlobList
	// the list of the blobs that it was made over (docs/formats/certificate.md).
	// Neither holds records.
	FormatCertificate Format = "certificate"
	FormatBlobList    Format = "certificate-blobs"
	// FormatOperations is the sorted entries of an index of operations,
	// FormatOperationsHead what the archive's log commits to of it
	// (docs/formats/absence.md). Neither holds records.
	FormatOperations Format = "operations"
	// FormatFragment is a part of a body that begins or ends within one element, which
	// is too long to be handed on whole.
	FormatFragment       Format = "fragment"
	FormatOperationsHead Format = "operations-head"
)

// ContentErased is the content type of what stands, from Quoll and without a body, in
// the place of a payload that was erased because of one person's data.
const ContentErased = "Erased"

// ContentTrimmed is that of what stands in the journal in the place of a payload that
// is in the archive alone: retention removed all rows that it gives.
const ContentTrimmed = "Trimmed"

// ContentDisposed is that of what stands in a journal that was restored in the place
// of a payload that was disposed of.
const ContentDisposed = "Disposed"

// Payload is what one fetch brought, byte for byte, with what is known about
// where it came from. A payload is the unit of the journal and of the archive.
type Payload struct {
	// Tenant is the Entra tenant id (a GUID in lower case) the payload was
	// collected for; empty when only the records inside know, as in an import.
	Tenant string
	Source Source
	Format Format
	// ContentType is the content type of the Management Activity API
	// ("Audit.Exchange"), the advanced hunting table of a Defender export
	// ("EmailEvents"), or empty.
	ContentType string
	// Name identifies the payload at its source: the contentId of a blob, the
	// path of an export file, the name of an imported file.
	Name string
	// Offset is the byte offset of Body in the named source, for sources that
	// are read in parts; Line is the one-based number of its first line in a
	// text file. Both are zero when they mean nothing.
	Offset int64
	Line   int64
	// Received is when the payload was complete in memory, in UTC.
	Received time.Time
	// Body is the payload exactly as received. It is never changed.
	Body []byte
	// Sum is the SHA-256 of Body where whoever made the payload computed it on the
	// way; zero otherwise.
	Sum [sha256.Size]byte
	// Packed is Body as one zstd frame where somebody packed it on the way, so that
	// it is packed once; nil otherwise. It is never changed.
	Packed []byte
	// Free, if not nil, lets the memory of Body be used for something else. Only the
	// journal calls it, once at most, when nobody refers to Body any more, and need not.
	Free func()
}

// SHA256 returns the hash of the body: the identity under which the journal,
// the ledger and the archive know it.
func (p *Payload) SHA256() [sha256.Size]byte {
	if p.Sum != [sha256.Size]byte{} {
		return p.Sum
	}
	return sha256.Sum256(p.Body)
}
