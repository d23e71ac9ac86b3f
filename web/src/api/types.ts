// The shapes of the JSON API, as docs/api.md describes them. Times are ISO 8601
// text in UTC.

export type KustoType =
  | "bool" | "int" | "long" | "real" | "decimal" | "string"
  | "datetime" | "timespan" | "dynamic" | "guid";

/** A JSON value: what a cell of type dynamic holds. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/**
 * A cell of a result. datetime, timespan, decimal and guid are text; so is a
 * long beyond ±(2^53 - 1), and a real that is no number ("NaN", "Infinity").
 */
export type Cell = Json;

export interface ResultColumn { name: string; type: KustoType }

export interface ResultTable { columns: ResultColumn[]; rows: Cell[][] }

export interface Visualization {
  visualization: string;
  kind?: string;
  title?: string;
  xColumn?: string;
  yColumns?: string[];
  series?: string[];
  xTitle?: string;
  yTitle?: string;
  xAxis?: string;
  yAxis?: string;
  legend?: string;
  yMin?: number;
  yMax?: number;
  accumulate?: boolean;
  ySplit?: string;
  anomalyColumns?: string[];
}

export interface Statistics {
  elapsedMilliseconds: number;
  compileMilliseconds?: number;
  rowsReturned: number;
  rowsScanned?: number;
  bytesScanned?: number;
  filesScanned?: number;
  filesSkipped?: number;
  truncated?: boolean;
}

export interface QueryResult extends ResultTable {
  visualization: Visualization | null;
  statistics: Statistics;
  /** What the query calls the table, where it gives several. */
  name?: string;
  /** The further tables of a query that gives several, as fork does. */
  more?: QueryResult[];
}

/** Bounds of TimeGenerated: from inclusive, to exclusive. */
export interface Timespan { from?: string; to?: string }

/** One mistake in a query; offsets and columns in UTF-16 code units. */
export interface Diagnostic {
  message: string;
  remedy?: string;
  start: number;
  end: number;
  line: number;
  column: number;
  endLine: number;
  endColumn: number;
}

export interface SchemaColumn { name: string; type: KustoType; description: string }

export interface SchemaTable {
  name: string;
  description: string;
  category: string;
  timeColumn: string;
  columns: SchemaColumn[];
  aliases?: Record<string, string>;
}

export interface SchemaFunction {
  name: string;
  description: string;
  kind: "scalar" | "aggregate" | "tabular" | "plugin" | "saved";
  parameters: { name: string; type: string; optional?: boolean; default?: string }[];
  result?: string;
  body?: string;
  example?: string;
}

export interface Schema { database: string; tables: SchemaTable[]; functions: SchemaFunction[] }

export type Severity = "High" | "Medium" | "Low" | "Informational";
export type IncidentStatus = "New" | "Active" | "Closed";
export type Classification = "TruePositive" | "BenignPositive" | "FalsePositive" | "Undetermined";

export interface Entity { kind: string; value: string; fields?: Record<string, string> }

export interface Incident {
  id: string;
  number: number;
  title: string;
  description?: string;
  severity: Severity;
  status: IncidentStatus;
  owner: string;
  classification?: Classification | "";
  tenantId?: string;
  created: string;
  updated: string;
  closed?: string;
  firstActivity: string;
  lastActivity: string;
  tactics: string[];
  techniques: string[];
  alertCount: number;
  entities: Entity[];
}

export interface Alert {
  id: string;
  ruleId: string;
  name: string;
  description?: string;
  severity: Severity;
  created: string;
  firstActivity: string;
  lastActivity: string;
  tactics: string[];
  techniques: string[];
  entities: Entity[];
  query: string;
  from: string;
  to: string;
  evidence: ResultTable & { truncated: boolean };
}

export interface TimelineEntry {
  time: string;
  kind: string;
  title: string;
  detail?: string;
  actor?: string;
  severity?: Severity;
  alertId?: string;
  entities?: Entity[];
}

export interface Task { id: string; title: string; by: string; created: string; done: string | null; doneBy?: string }

export interface IncidentDetail extends Incident { tags: string[]; tasks: Task[]; alerts: Alert[]; timeline: TimelineEntry[] }

export interface ReportClock { name: string; control: string; to: string; since: string; due: string | null; done: string | null }

/** What the register of incidents holds of one. */
export interface Register {
  occurred: string;
  discovered: string;
  description: string;
  actions: string;
  statutory: string[];
  reports: { to: string; at: string; reference: string; by: string }[];
  clocks: ReportClock[];
  missing: string[];
}

/** What is known of an entity. */
export interface EntityDetail {
  kind: string;
  value: string;
  firstSeen: string | null;
  lastSeen: string | null;
  records: number;
  days: number;
  tables: { table: string; firstSeen: string; lastSeen: string; records: number }[];
  query: string;
  alerts: Alert[];
  incidents: Incident[];
}

export interface IncidentPage { incidents: Incident[]; total: number }

export interface IncidentChange {
  status?: IncidentStatus;
  severity?: Severity;
  owner?: string;
  classification?: Classification | "";
  comment?: string;
}

export type ConnectorState = "healthy" | "delayed" | "waiting" | "failing" | "stopped" | "finished";

export type LagStage = "eventToAvailable" | "availableToJournalled" | "journalledToVisible" | "eventToVisible";

/** How long a stage took for records that became visible in a span of time. */
export interface Lag { records: number; p50Seconds: number; p90Seconds: number; p99Seconds: number; maxSeconds: number }

export interface Lags { hour: Partial<Record<LagStage, Lag>>; day: Partial<Record<LagStage, Lag>> }

export interface Connector {
  id: string;
  source: string;
  title: string;
  tenantId: string;
  tenantName?: string;
  contentType: string;
  state: ConnectorState;
  lastEvent: string | null;
  lastReceived: string | null;
  lagSeconds: number | null;
  lags?: Lags;
  counts: {
    payloads: number; records: number; duplicates: number; rejected: number;
    recordsLastHour: number; recordsLastDay: number;
  };
  backlog: { payloads: number; oldest: string | null; nextExpiry: string | null };
  lastError: null | {
    time: string; code?: string; message: string; cause?: string; remedy?: string; attempts: number;
  };
  warnings?: { code: string; cause: string; remedy: string }[];
  credentialEnds?: string;
  history?: { time: string; records: number }[];
}

/** Of how many rows about messages the message itself is there. */
export interface MessageCoverage {
  now: string;
  spanSeconds: number;
  tables: {
    table: string; rows: number; found: number; late: number; longestLateSeconds: number; waiting: number; missing: number; share: number | null;
  }[];
}

export interface ConnectorList {
  now: string;
  connectors: Connector[];
  /** When the browser's clock says that this answer came; set by the client. */
  received: number;
}

export type GapState = "complete" | "waiting" | "late" | "lost" | "silent" | "off" | "recovered";

/** One hour or day in UTC. */
export interface GapCell {
  time: string;
  state: GapState;
  /** The hours of a day by their state. */
  hours?: Partial<Record<GapState, number>>;
  listed: number; journalled: number; expired: number; records: number; bytes: number;
  detail?: string;
}

export interface GapRow {
  source: string; tenantId: string; tenantName?: string; contentType: string;
  /** That of the connector, where a tenant may have several of a kind. */
  name?: string;
  since: string | null;
  cells: GapCell[];
}

export interface GapCalendar { now: string; from: string; to: string; interval: "hour" | "day"; rows: GapRow[]; next?: number }

/** A search of the past and what came of it. */
export interface Backfill {
  id: string; tenantId: string; tenantName: string; from: string; to: string;
  state: "running" | "done" | "failed" | "stopped";
  started: string; ended?: string; error?: string; problem?: string;
  coveredSeconds: number; doneSeconds: number; open: number; running: number;
  queries: number; pages: number; found: number; added: number; duplicates: number;
  missing: { from: string; to: string; reason: string }[];
}

export interface TableStatus {
  name: string; rows: number; fresh: number; files: number; bytes: number;
  earliest: string | null; latest: string | null;
}

export interface Status {
  version: string;
  commit?: string;
  started: string;
  now: string;
  workspace?: string;
  journal: { position: number; bytes: number; updated: string | null };
  lake: { position: number; committed: number; flushed: string | null; tables: TableStatus[] };
  archive: null | ArchiveStatus;
}

export interface ArchiveStatus {
  position: number;
  sealed: string | null;
  verified: null | { time: string; passed: boolean; detail?: string };
  checkpoint: null | { origin: string; size: number; root: string; time: string };
  certificates: null | { certificates: number; tenants: number; earliest?: string; latest?: string };
  drill: null | { time: string; passed: boolean; detail: string; position: number; bytes: number; rows: number; seconds: number };
  reconciliation: null | Reconciliation;
  copies: null | ArchiveCopy[];
  recipients: null | string[];
  rowFiles: null | { files: number; kept: number; waiting: number; lagSeconds: number; looked: string | null; problem?: string };
  witnesses: null | { name: string; url: string; size: number; time: string | null; problem?: string }[];
  timestamps: null | ArchiveTimestamp[];
  problem?: string;
}

/** How far a time-stamping authority has stamped the log; `time` is by its clock. */
export interface ArchiveTimestamp {
  name: string; url: string; size: number; time: string | null; subject?: string; policy?: string; everySeconds: number; late: boolean;
  problem?: string; remedy?: string; failures?: number; since?: string;
}

export interface ArchiveCopy {
  name: string; store: string; leaves: number; time: string | null; objects: number; bytes: number; lagSeconds: number; late: boolean; alarmAfterSeconds: number;
  retainDays: number; locking?: string; unlocked: boolean; problem?: string; since?: string; failures?: number; stopped: boolean;
}

/** What the archive has kept for its minimum and lets go of, by two people's words. */
export interface Disposal { id: string; reason: string; minimum: string; before: string; by: string; at: string; confirmedBy: string; objects: number; payloads: number; done: string | null }

/** One person's data, which go by two people's words. Numbers are of payloads of the archive unless they say otherwise. */
export interface Erasure {
  id: string; names: string[]; reason: string; by: string; at: string; approvedBy: string; approvedAt: string | null; done: string | null; sequence: number; subject: string; salt?: string;
  found: { forms: string[]; searched: number; payloads: number; records: number; others: number; younger: number; minimum: string; remaining: Record<string, number>; holds: string[]; first: string; last: string };
}

/** A comparison of the tables with the archive. */
export interface Reconciliation {
  time: string; seconds: number; passed: boolean; detail: string; position: number; missing: number; foreign: number; changed: number;
  tables: { table: string; lake: ReconciledSide; archive: ReconciledSide; hours: number; differing: number }[];
  hoursSha256: string;
}

export interface ReconciledSide { rows: number; digest: string }

export interface ReconciledHours {
  time: string | null; total: number;
  hours: { table: string; hour: string | null; lake: ReconciledSide; archive: ReconciledSide }[];
}

export interface ArchiveTask { kind: "verify" | "reconcile"; started: string; ended: string | null; done: number; total: number; error?: string }

export interface ArchiveDetail extends ArchiveStatus {
  now: string;
  task: ArchiveTask | null;
  days: { tenantId: string; tenantName?: string; contentType: string; day: string; sequence: number; listed: number; fetched: number; expired: number; gaps: number }[];
}

export interface EvidenceFact {
  name: string; aspect: string; state: "shown" | "not met" | "not visible"; statement: string; remedy?: string; where?: string; query?: string;
}

export interface EvidenceCounts { shown: number; notMet: number; notVisible: number }

export interface AssuranceItem {
  id: string; kind: "ism" | "blueprint"; revision?: string; updated?: string; release: string; essentialEight?: string; page?: string; asks: string; limit?: string; statement?: string;
  evidence: EvidenceFact[]; counts: EvidenceCounts; assessment: { status: string; remark?: string; by?: string; time?: string };
}

/** Live evidence for controls and decisions. */
export interface AssuranceReport {
  made: string; release: string; counts: EvidenceCounts; items: AssuranceItem[]; unmet: (EvidenceFact & { items: string[] })[]; statuses: string[]; attribution: string;
  catalogue: null | { title: string; version: string; same: number; changes: { id: string; what: string[] }[] };
}

/** From the least to the most: each may all that the one before it may. */
export const roles = ["Reader", "Responder", "Contributor", "Administrator"] as const;
export type Role = (typeof roles)[number];

/** Who makes the requests of this browser, and how the server knows. */
export interface Session { name: string; role: Role; by: "open" | "token" | "session"; passwordSet: boolean }

export interface Person {
  id: string; name: string; role: Role; disabled: boolean; passwordSet: boolean; created: string; seen: string | null;
}

export interface RuleHealth {
  runs: number; alerts: number; lastRun: string | null; evaluatedTo: string | null; lastError?: string; suppressedUntil: string | null;
}

export interface Rule {
  id: string; name: string; description: string; kind: string; version: string; severity: Severity; enabled: boolean;
  tactics: string[]; techniques: string[]; query: string; frequencySeconds: number; periodSeconds: number; health: RuleHealth;
}

/** A saved query or a bookmark of a row. */
export interface Note {
  id: string; kind: "query" | "bookmark"; owner: string; shared: boolean; title: string; query: string; range?: string; remark?: string;
  row?: Record<string, Json>; created: string;
}
export type NewNote = Omit<Note, "id" | "owner" | "created">;

export interface QueryPlan { plan: string; sql: string }

export interface DashboardEntry { id: string; title: string; description: string; own: boolean; imported: boolean; tiles: number; problem?: string }

/** A dashboard that was made of a file, and what of the file was not taken. */
export interface ImportedDashboard { id: string; title: string; tiles: number; omitted: { step: string; reason: string }[]; mistakes: string[] }

/** A rule of a file, and what became of it. */
export interface ImportedRule { id: string; name: string; kind: string; result: "runs" | "runs with difference" | "cannot"; why: string[]; missing: string[] }

export interface DashboardParameter { name: string; label: string; type: "string" | "long" | "real" | "bool"; default: string; values?: string[]; valuesQuery?: string }

export interface DashboardTile {
  title?: string;
  width: number;
  height: "small" | "medium" | "large";
  query?: string;
  parameters?: string[];
  text?: string;
  links?: { title: string; url: string }[];
}

export interface Dashboard extends DashboardEntry { range: string; parameters: DashboardParameter[]; contents: DashboardTile[] }

export interface AccessToken { id: string; name: string; role: Role; author: string; created: string; expires: string | null; used: string | null }

/** A token as it is made: its secret is told this once. */
export interface NewToken extends AccessToken { secret: string }

export interface NotificationTarget { name: string; kind: string; address: string; to?: string[]; least: Severity | ""; onlyNew: boolean; perHour: number }

export interface NotificationDelivery { target: string; state: string; title: string; incident: number; attempts: number; error?: string; due: string; done: string | null }

export interface NotificationState { targets: NotificationTarget[]; deliveries: NotificationDelivery[] }

export interface Watchlist { alias: string; version: number; searchKey: string; description: string; columns: string[]; rowCount: number; author: string; updated: string; rows?: string[][] }

/** A tenant to check or to add. */
export interface TenantRequest {
  name?: string; tenantId: string; clientId: string; cloud?: string; secret?: string; secretExpires?: string; certificateFile?: string; certificatePasswordFile?: string;
  baseUrl?: string; authorityUrl?: string; caFile?: string;
}
export interface TenantEntry { id: string; name: string; cloud?: string; clientId?: string; added: boolean }
export interface TenantFinding { check: string; severity: "ok" | "note" | "warning" | "blocking"; code?: string; found: string; remedy?: string; detail?: string }

export interface SavedFunction { name: string; version: number; parameters: string; body: string; description: string; author: string; updated: string; removed?: boolean; versions?: SavedFunction[] }

export interface IndicatorList {
  indicators: { id: string; source: string; observableKey: string; observableValue: string; confidence: number | null; description: string; validUntil: string | null }[];
  unmatched: number;
}
export interface IndicatorsTaken { changed: number; found: number; skipped: { id: string; why: string }[] }

/** What a rule holds back until a day. */
export interface Exception { id: string; ruleId: string; kind: string; value: string; why: string; by: string; created: string; expires: string; agreed: string; active: boolean; held: number; lastHeld: string | null }

export interface HoldScope { tenant: string; tables: string[]; user: string; from: string | null; to: string | null }
export interface Hold { id: string; name: string; reason: string; scope: HoldScope; by: string; since: string; active: boolean; release: null | { by: string; why: string; at: string } }

export interface RetentionState {
  now: string;
  rules: { name: string; priority: number; keep: string; preset?: string; basis?: string; class?: string; tables: string[]; recordTypes: string[]; users: string[]; cutoff: string | null; shorterThanISM1988: boolean }[];
  tables: { table: string; rows: number; bytes: number; oldest: string | null; rules: string[]; removed: number }[];
  lastRun: string | null; nextRun: string | null; problem?: string;
}
export interface TombstoneTable { table: string; rows: number; rules: { name: string; rows: number }[]; held: { name: string; rows: number }[] }
export interface RetentionPreview { day: string; tables: TombstoneTable[] }
export interface Tombstone { run: string; time: string; signed: boolean; finished: boolean; tables: TombstoneTable[] }

/** A mailbox exposure report in the making, or made. */
export interface Investigation {
  id: string; user: string; from: string; to: string; session?: string; address?: string; by: string; state: string; started: string; ended: string | null; done: number; total: number;
  error?: string; sha256?: string; sections: { title: string; says: string; rows: number; truncated: boolean; sha256: string }[];
}

/** A rule that is loaded, with another query, or the text of one. */
export interface BacktestRequest { id?: string; query?: string; yaml?: string; from: string; to?: string }
export interface Backtest { from: string; to: string; windows: number; failed: number; error?: string; rows: number; alerts: number; days: { day: string; alerts: number }[]; seconds: number }

/** A rule that acts on incidents, and how it fares. */
export interface AutomationRule {
  id: string; name: string; order: number; enabled: boolean; expires: string | null; active: boolean; on: string[]; kinds: string[]; conditions: string[]; actions: string[]; text: string;
  source: "file" | "state"; by?: string; changed: string | null; incidents: number; done: number; failed: number; refused: number; waiting: number;
  lastRun: string | null; lastFailed: string | null; lastError?: string;
}
export interface AutomationTest { text?: string; id?: string; from?: string; incident?: number }
export interface AutomationTested { incidents: number; truncated?: boolean; matches: { incident: string; title: string; on: string; actions: string[] }[] }
export interface AutomationStep {
  incident: string; ruleId: string; ruleName: string; action: string; state: "waiting" | "done" | "failed" | "refused"; attempts: number; planned: string; due: string | null; ended: string | null; error?: string;
}
