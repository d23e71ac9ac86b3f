// Package normalise turns a raw payload into the rows of the tables: a pure
// function, so that a better mapping can be replayed over all that was ever
// collected.
//
// It follows what is known of Sentinel's own mapping (file office_activity.go
// for audit records, defender.go for the streaming records of Defender). What
// it does not know it keeps and counts: an unknown record type, field, value or
// category is never an error. Only a piece of text that is no record at all is
// rejected, alone.
//
// It must not know where a payload came from beyond its envelope, nor how rows
// are stored, deduplicated or queried, and it reads no clock.
package normalise

import (
	"strings"
	"sync"

	"github.com/quoll/quoll/internal/split"
	"github.com/quoll/quoll/model"
	"github.com/quoll/quoll/schema"
)

// Config is what rows need besides the payload.
type Config struct {
	// WorkspaceID is the GUID that goes to the column TenantId of every row:
	// the workspace that holds the row, not the Entra tenant.
	WorkspaceID string
	// Known is what was sighted before. Without it nothing is sighted. Rows,
	// rejects and counts do not depend on it.
	Known Known
}

// Normaliser makes rows. It may be used by several goroutines at once.
type Normaliser struct {
	audit    *auditPlan
	csv      *csvPlan
	defender map[string]*defenderPlan // by category
	unsorted *defenderPlan            // DefenderEvents
	own      map[string]ownPlan       // of the tables that Quoll writes itself
	known    Known                    // nil: nothing is sighted
	before   *seenBefore
	workers  sync.Pool // of *worker
	memories sync.Pool // of *memory, which results return
}

// Result is what became of one payload.
type Result struct {
	Records []schema.Record
	Rejects []Reject
	Counts  Counts
	// Sightings are what of the form of records was not known, in the order in
	// which the payload shows it.
	Sightings []Sighting

	memory *memory // that Release gives back, to pool
	pool   *sync.Pool
}

// Reject is a piece of a payload that is no record.
type Reject struct {
	// Index counts the pieces of the payload, records and rejects, from 0.
	Index int
	// Line is the number of its first line in the source file, from 1.
	Line int64
	// Raw is the piece as it came. It shares memory with the payload.
	Raw    []byte
	Reason string
}

// New returns a Normaliser.
func New(cfg Config) *Normaliser {
	n := &Normaliser{
		audit: newAuditPlan(cfg.WorkspaceID),
		csv:   newCSVPlan(cfg.WorkspaceID),
		known: cfg.Known,
	}
	if n.known != nil {
		n.before = new(seenBefore)
	}
	n.defender, n.unsorted = newDefenderPlans(cfg.WorkspaceID)
	n.own = newOwnPlans(cfg.WorkspaceID)
	n.workers.New = func() any { return newWorker() }
	n.memories.New = func() any { return newMemory() }
	return n
}

// Payload returns the rows of a payload. Every record of the body is in
// Records or in Rejects; an empty body gives neither. Rows and rejects share
// memory with the payload's body, which must not change while they are in use.
//
// Bodies of JSON formats are read alike: as objects one a line, in arrays,
// wrapped in {"records":[…]} or {"value":[…]}, or as any part of such a text
// that was cut between two objects. The body of a CSV format starts with its
// header. When the payload's Line is above 1, the header was repeated there,
// and Line is the number of the line behind it.
func (n *Normaliser) Payload(p model.Payload) Result {
	w := n.workers.Get().(*worker)
	defer n.workers.Put(w)
	w.survey.reset(n.known, n.before)
	w.memory = n.memories.Get().(*memory)
	run := &run{Normaliser: n, worker: w, payload: &p, tenant: strings.ToLower(p.Tenant)}
	run.result = Result{Records: w.memory.records, memory: w.memory, pool: &n.memories}
	switch p.Format {
	case model.FormatAuditArray, model.FormatAuditLines:
		run.json(run.auditRecord)
	case model.FormatAuditSearchPage:
		if list := split.Member(p.Body, "value"); list != nil {
			page := p
			page.Body = list
			run.payload = &page
		}
		run.json(run.auditRecord)
	case model.FormatHuntingResults:
		if list := split.Member(p.Body, "results"); list != nil {
			answer := p
			answer.Body = list
			run.payload = &answer
		}
		run.json(run.huntingRow)
	case model.FormatDefenderLines:
		run.json(run.defenderRecord)
	case model.FormatDefenderMessages:
		run.messages()
	case model.FormatAuditSearchCSV:
		run.auditSearchCSV()
	case model.FormatOfficeActivityCSV:
		run.officeActivityCSV()
	case model.FormatOfficeActivityJSON:
		run.json(run.officeObject)
	case model.FormatOwnRows:
		run.json(run.ownRow)
	case model.FormatCertificate, model.FormatBlobList, model.FormatOperations, model.FormatOperationsHead: // archived, and no rows
	case model.FormatFragment:
		run.reject(max(p.Line, 1), p.Body, "a piece of a record that is too long to be read")
	default:
		run.reject(max(p.Line, 1), p.Body, "format "+string(p.Format)+" is not known")
	}
	w.memory.complete()
	run.fields.settle(&run.result.Counts.Fields)
	run.result.Sightings = w.survey.sightings
	w.memory = nil
	return run.result
}

// run is the work on one payload.
type run struct {
	*Normaliser
	*worker
	payload *model.Payload
	tenant  string // of the payload, in lower case
	index   int    // of the next piece
	result  Result
}

func (r *run) accept(record schema.Record) {
	r.result.Records = append(r.result.Records, record)
	r.index++
}

func (r *run) reject(line int64, raw []byte, reason string) {
	r.result.Rejects = append(r.result.Rejects, Reject{Index: r.index, Line: line, Raw: raw, Reason: reason})
	r.index++
}

// tenantOf returns the identity of the tenant: what the record says, otherwise
// what the payload was collected for.
func (r *run) tenantOf(id string) string {
	if id == "" {
		return r.tenant
	}
	return strings.ToLower(id)
}
