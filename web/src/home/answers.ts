import type { ArchiveStatus, Connector, GapCalendar, GapCell, GapRow, GapState, Incident, MessageCoverage, Status } from "../api/types";
import { lacking } from "../connectors/coverage";
import { gapStates, placeCells } from "../connectors/gaps";
import { formatCount } from "../format/number";
import { utcMinute } from "../format/time";
import { text } from "../text/en";

const t = text.home.unmet;
const day = 86_400_000;

/** States in which something is missing, or may be. */
const isGap = (state: GapState) => state === "lost" || state === "late" || state === "off";

/** One day of all streams together. */
export interface DaySummary { start: number; state: GapState | undefined; streams: number }

/** The worst state of each day, and of how many streams. */
export function summariseDays(rows: GapRow[], columns: number[]): DaySummary[] {
  const placed = rows.map((row) => placeCells(row.cells, "days", columns));
  return columns.map((start, i) => {
    const states = placed.map((cells) => cells[i]?.state).filter((s) => s !== undefined);
    const state = gapStates.find((s) => states.includes(s));
    return { start, state, streams: states.filter((s) => s === state).length };
  });
}

/** Since when there was no gap in any stream; null where there is one now, or nothing is known. */
export function completeSince(calendar: GapCalendar): string | null {
  const begins = calendar.rows.map((row) => row.since).filter((s) => s !== null);
  if (begins.length === 0) return null;
  // Nothing is said of what was not looked at.
  const known = [...begins, calendar.from].sort().at(-1)!;
  const gaps = calendar.rows.flatMap((row) => row.cells).filter((cell) => isGap(cell.state)).map((cell) => new Date(cell.time).getTime());
  if (gaps.length === 0) return known;
  const after = Math.max(...gaps) + day;
  if (after > new Date(calendar.now).getTime()) return null;
  return new Date(Math.max(after, new Date(known).getTime())).toISOString();
}

/** What the source is about to delete first; null: nothing that is outstanding. */
export const nextExpiry = (connectors: Connector[]): string | null =>
  connectors.map((c) => c.backlog.nextExpiry).filter((at) => at !== null).sort()[0] ?? null;

export function nameOf(c: { tenantName?: string; contentType: string; title?: string }): string {
  const name = c.contentType || (c.title ?? "");
  return c.tenantName ? `${name} (${c.tenantName})` : name;
}

export type Severity = "bad" | "warn" | "note";

/** One thing that is not as it should be, or that cannot be seen. */
export interface Unmet { severity: Severity; what: string; why?: string; to: string }

/** How long a verification is news. */
export const verifiedFor = 35 * day;

/** How long a restore drill is news. */
export const drilledFor = 35 * day;

/** How long a comparison of tables and archive is news: a server does it daily. */
export const reconciledFor = 2 * day;

/** All that is not met, the worst first. */
export function unmet(connectors: Connector[], calendar: GapCalendar | undefined, status: Status | undefined, now: number, coverage?: MessageCoverage): Unmet[] {
  const found = [...connectors.flatMap((c) => ofConnector(c, now)), ...ofCalendar(calendar?.rows ?? []), ...ofArchive(status, now), ...ofMessages(coverage)];
  const order: Severity[] = ["bad", "warn", "note"];
  const first = found.filter((u, i) => found.findIndex((other) => other.what === u.what && other.why === u.why) === i);
  return first.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function ofConnector(c: Connector, now: number): Unmet[] {
  const to = "/connectors";
  const name = nameOf(c);
  const out: Unmet[] = [];
  if (c.state === "failing") out.push({ severity: "bad", what: t.failing(name), why: c.lastError?.cause ?? c.lastError?.message, to });
  if (c.state === "delayed") out.push({ severity: "warn", what: t.delayed(name), to });
  if (c.state === "waiting") out.push({ severity: "note", what: t.waiting(name), to });
  if (c.state === "stopped") out.push({ severity: "warn", what: t.stopped(name), to });
  if (c.backlog.nextExpiry && new Date(c.backlog.nextExpiry).getTime() - now < 3 * day) {
    out.push({ severity: "bad", what: t.expiry(name), why: utcMinute(c.backlog.nextExpiry), to });
  }
  for (const w of c.warnings ?? []) out.push({ severity: "warn", what: w.cause, why: w.remedy, to });
  return out;
}

/** What of each stream is wrong in the calendar; streams with the same trouble are one line. */
function ofCalendar(rows: GapRow[]): Unmet[] {
  const troubles = new Map<string, { rows: GapRow[]; severity: Severity; what: (name: string) => string; why: string | undefined }>();
  const add = (row: GapRow, severity: Severity, what: (name: string) => string, cells: GapCell[]) => {
    if (cells.length === 0) return;
    const why = cells.at(-1)?.detail;
    const key = JSON.stringify([row.tenantId, what(""), why]);
    const known = troubles.get(key);
    if (known) known.rows.push(row);
    else troubles.set(key, { rows: [row], severity, what, why });
  };
  for (const row of rows) {
    const days = (state: GapState) => row.cells.filter((cell) => cell.state === state || (cell.hours?.[state] ?? 0) > 0);
    const [lost, late, off, silent] = [days("lost"), days("late"), days("off"), days("silent")];
    add(row, "bad", (name) => t.lost(name, lost.length), lost);
    add(row, "warn", t.late, late);
    add(row, "warn", (name) => t.off(name, off.length), off);
    add(row, "note", (name) => t.silent(name, silent.length), silent);
  }
  return [...troubles.values()].map(({ rows, severity, what, why }) => {
    const one = rows.length === 1;
    const names = rows.map((row) => nameOf({ ...row, tenantName: "" })).join(", ");
    return { severity, what: what(one ? nameOf(rows[0]!) : t.streams(rows.length, rows[0]!.tenantName ?? "")), why: one ? why : [names, why].filter(Boolean).join(": "), to: "/connectors" };
  });
}

function ofArchive(status: Status | undefined, now: number): Unmet[] {
  if (!status) return [];
  const to = "/archive";
  const archive = status.archive;
  if (!archive) return [{ severity: "bad", what: t.noArchive, to }];
  const out: Unmet[] = [];
  if (archive.problem) out.push({ severity: "bad", what: t.archiveProblem, why: archive.problem, to });
  const verified = archive.verified;
  if (!verified) out.push({ severity: "warn", what: t.neverVerified, why: t.verify, to });
  else if (!verified.passed) out.push({ severity: "bad", what: t.failedVerified, why: verified.detail, to });
  else if (now - new Date(verified.time).getTime() > verifiedFor) out.push({ severity: "warn", what: t.staleVerified, why: t.verify, to });
  for (const s of archive.timestamps ?? []) if (s.late) out.push({ severity: "warn", what: t.stampLate(s.name), why: s.problem, to });
  const compared = archive.reconciliation;
  if (!compared) out.push({ severity: "note", what: t.neverReconciled, why: t.reconcile, to });
  else if (!compared.passed) out.push({ severity: "bad", what: t.differs, why: compared.detail, to });
  else if (now - new Date(compared.time).getTime() > reconciledFor) out.push({ severity: "warn", what: t.staleReconciled, why: t.reconcile, to });
  const drill = archive.drill;
  if (!drill) out.push({ severity: "note", what: t.neverDrilled, why: t.drill, to });
  else if (!drill.passed) out.push({ severity: "bad", what: t.failedDrill, why: drill.detail, to });
  else if (now - new Date(drill.time).getTime() > drilledFor) out.push({ severity: "warn", what: t.staleDrill, why: t.drill, to });
  for (const c of archive.copies ?? []) {
    if (c.stopped) out.push({ severity: "bad", what: t.copyStopped(c.name), why: c.problem, to });
    else if (c.late) out.push({ severity: "bad", what: t.copyLate(c.name), why: c.problem, to });
    else if (c.unlocked) out.push({ severity: "warn", what: t.copyUnlocked(c.name), why: c.locking, to });
  }
  for (const w of archive.witnesses ?? []) if (w.problem) out.push({ severity: "warn", what: t.witness(w.name), why: w.problem, to });
  if (!archive.certificates || archive.certificates.certificates === 0) out.push({ severity: "note", what: t.noCertificates, to });
  return out;
}

function ofMessages(coverage: MessageCoverage | undefined): Unmet[] {
  return lacking(coverage).map((one) => ({ severity: "warn", what: t.messages(one.table, formatCount(one.missing)), why: t.whyMessages, to: "/connectors" }));
}

const severities = ["High", "Medium", "Low", "Informational"];

/** How far the copies of the archive are behind it, the worst of them, in seconds; null where there are none. */
export const copiesBehind = (archive: ArchiveStatus): number | null =>
  archive.copies && archive.copies.length > 0 ? Math.max(...archive.copies.map((c) => c.lagSeconds)) : null;

/** What to take first: the most severe, and of those the one that waits longest. */
export function mostUrgent(incidents: Incident[], count: number): Incident[] {
  const rank = (i: Incident) => severities.indexOf(i.severity);
  return [...incidents].sort((a, b) => rank(a) - rank(b) || (a.created < b.created ? -1 : 1)).slice(0, count);
}
