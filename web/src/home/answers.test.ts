import { expect, test } from "vitest";
import type { ArchiveCopy, ArchiveStatus, Connector, GapCalendar, GapRow, Incident, Reconciliation, Status } from "../api/types";
import { completeSince, copiesBehind, mostUrgent, nextExpiry, summariseDays, unmet } from "./answers";

const now = Date.parse("2026-09-14T08:00:00Z");
const at = (daysAgo: number) => new Date(Date.parse("2026-09-14T00:00:00Z") - daysAgo * 86_400_000).toISOString();

function row(contentType: string, states: Partial<Record<number, GapRow["cells"][0]["state"]>>, since = at(20)): GapRow {
  const cells = Object.entries(states).map(([ago, state]) => ({ time: at(Number(ago)), state: state!, listed: 1, journalled: 1, expired: 0, records: 1, bytes: 1 }));
  return { source: "activity", tenantId: "t", contentType, since, cells };
}
const calendar = (...rows: GapRow[]): GapCalendar => ({ now: new Date(now).toISOString(), from: at(28), to: at(0), interval: "day", rows });

test("each day is as bad as the worst stream", () => {
  const days = summariseDays([row("A", { 1: "complete", 0: "waiting" }), row("B", { 1: "lost", 0: "waiting" })], [2, 1, 0].map((n) => Date.parse(at(n))));
  expect(days.map((d) => [d.state, d.streams])).toEqual([[undefined, 0], ["lost", 1], ["waiting", 2]]);
});

test("nothing is missing since the day after the last gap", () => {
  expect(completeSince(calendar(row("A", { 5: "lost", 4: "complete" }), row("B", { 3: "silent" })))).toBe(at(4));
  expect(completeSince(calendar(row("A", { 4: "complete" }, at(20)), row("B", {}, at(9))))).toBe(at(9));
  expect(completeSince(calendar(row("A", { 0: "late" })))).toBeNull();
  expect(completeSince(calendar())).toBeNull();
});

const connector = (change: Partial<Connector>): Connector => ({
  id: "x", source: "activity", title: "", tenantId: "t", contentType: "Audit.General", state: "healthy", lastEvent: null, lastReceived: null, lagSeconds: null,
  counts: { payloads: 0, records: 0, duplicates: 0, rejected: 0, recordsLastHour: 0, recordsLastDay: 0 }, backlog: { payloads: 0, oldest: null, nextExpiry: null }, lastError: null, ...change,
});
const reconciliation = (change: Partial<Reconciliation>): Reconciliation => ({
  time: at(1), seconds: 1, passed: true, detail: "equal", position: 1, missing: 0, foreign: 0, changed: 0, tables: [], hoursSha256: "", ...change,
});
const drill = (change: Partial<NonNullable<ArchiveStatus["drill"]>>) => ({ time: at(2), passed: true, detail: "rows equal", position: 1, bytes: 1, rows: 1, seconds: 1, ...change });
const copy = (change: Partial<ArchiveCopy>): ArchiveCopy => ({
  name: "sydney", store: "s3://bucket", leaves: 1, time: at(0), objects: 0, bytes: 0, lagSeconds: 40, late: false, alarmAfterSeconds: 900, retainDays: 7, unlocked: false, stopped: false, ...change,
});
const archive = (change: Partial<NonNullable<Status["archive"]>>): Status => ({
  version: "", started: at(1), now: at(0), journal: { position: 1, bytes: 1, updated: null }, lake: { position: 1, committed: 1, flushed: null, tables: [] },
  archive: { position: 1, sealed: null, verified: { time: at(1), passed: true }, checkpoint: null, certificates: { certificates: 3, tenants: 1 }, drill: drill({}), copies: null, recipients: null, rowFiles: null, witnesses: null, timestamps: null, reconciliation: reconciliation({}), ...change },
});

test("what is not met is listed, the worst first, and nothing else", () => {
  expect(unmet([connector({})], calendar(row("A", { 1: "complete" })), archive({}), now)).toEqual([]);
  const found = unmet(
    [connector({ state: "waiting" }), connector({ state: "failing", contentType: "DLP.All", backlog: { payloads: 2, oldest: null, nextExpiry: at(-2) } })],
    calendar(row("A", { 3: "lost" })), archive({ verified: null, certificates: null }), now,
  );
  expect(found.map((u) => u.severity)).toEqual(["bad", "bad", "bad", "warn", "note", "note"]);
  const alike = unmet([], calendar(row("A", { 3: "lost" }), row("B", { 3: "lost" }), row("C", { 2: "lost", 3: "lost" })), archive({}), now);
  expect(alike.map((u) => [u.what.split(":")[0], u.why?.split(":")[0]])).toEqual([[expect.stringMatching(/^2 streams/), "A, B"], [expect.stringMatching(/^C/), undefined]]);
  expect(unmet([], undefined, { ...archive({}), archive: null }, now)[0]!.what).toMatch(/No archive/);
  expect(unmet([], undefined, archive({ verified: { time: at(40), passed: true } }), now)).toHaveLength(1);
  expect(unmet([], undefined, archive({ reconciliation: reconciliation({ passed: false, detail: "1 hours differ" }) }), now)[0]).toMatchObject({ severity: "bad", why: "1 hours differ", to: "/archive" });
  expect(unmet([], undefined, archive({ reconciliation: reconciliation({ time: at(3) }) }), now)[0]!.what).toMatch(/not compared since/);
  expect(unmet([], undefined, archive({ reconciliation: null }), now)[0]!.severity).toBe("note");
  const stamp = { name: "harbour", url: "https://tsa.example", size: 12, time: at(4), everySeconds: 86_400, late: true, problem: "status 503" };
  expect(unmet([], undefined, archive({ timestamps: [stamp, { ...stamp, name: "ridge", late: false }] }), now)).toMatchObject([{ severity: "warn", what: "The archive's log has no new time stamp of harbour", why: "status 503", to: "/archive" }]);
});

test("the last drill, the copies and the witnesses are told when they are not as they should be", () => {
  const of = (change: Partial<ArchiveStatus>) => unmet([], undefined, archive(change), now);
  expect(of({ drill: null })).toMatchObject([{ severity: "note", why: "Run: quoll archive drill", to: "/archive" }]);
  expect(of({ drill: drill({ passed: false, detail: "OfficeActivity has 3 rows less" }) })).toMatchObject([{ severity: "bad", why: "OfficeActivity has 3 rows less" }]);
  expect(of({ drill: drill({ time: at(40) }) })).toMatchObject([{ severity: "warn" }]);
  expect(of({ copies: [copy({})] })).toEqual([]);
  expect(of({ copies: [copy({ late: true, problem: "no route" }), copy({ name: "disk", stopped: true, problem: "other bytes" }), copy({ name: "az", unlocked: true })] })).toMatchObject([
    { severity: "bad", what: "The copy sydney of the archive is late", why: "no route" }, { severity: "bad", what: "The copy disk of the archive has stopped" }, { severity: "warn", what: "The copy az of the archive is not locked, although it should be" },
  ]);
  expect(of({ witnesses: [{ name: "w", url: "", size: 1, time: null }] })).toEqual([]);
  expect(of({ witnesses: [{ name: "w", url: "", size: 1, time: null, problem: "it has seen more of the log" }] })).toMatchObject([{ severity: "warn", why: "it has seen more of the log" }]);
  expect(copiesBehind(archive({ copies: [copy({}), copy({ lagSeconds: 70 })] }).archive!)).toBe(70);
  expect(copiesBehind(archive({}).archive!)).toBeNull();
});

test("a connector without any content has its road's name, and missing messages are told", () => {
  const road = connector({ state: "failing", contentType: "", title: "Defender XDR streaming export", lastError: { time: at(0), message: "no route", cause: "The storage account cannot be reached.", attempts: 4 } });
  expect(unmet([road], undefined, archive({}), now)[0]).toMatchObject({ severity: "bad", what: "Defender XDR streaming export fails", why: "The storage account cannot be reached." });
  const table = { table: "EmailUrlInfo", rows: 1200, found: 0, late: 0, longestLateSeconds: 0, waiting: 0, missing: 1200, share: 0 };
  expect(unmet([], undefined, archive({}), now, { now: at(0), spanSeconds: 86_400, tables: [table, { ...table, table: "EmailAttachmentInfo", missing: 0 }] })).toMatchObject([
    { severity: "warn", what: "EmailUrlInfo: the message of 1,200 rows of the last day is missing", to: "/connectors" },
  ]);
});

test("the soonest deletion and the most urgent incident come first", () => {
  expect(nextExpiry([connector({}), connector({ backlog: { payloads: 1, oldest: null, nextExpiry: at(-5) } }), connector({ backlog: { payloads: 1, oldest: null, nextExpiry: at(-2) } })])).toBe(at(-2));
  const incident = (id: string, severity: string, created: string) => ({ id, severity, created }) as Incident;
  expect(mostUrgent([incident("a", "Low", at(9)), incident("b", "High", at(1)), incident("c", "High", at(2))], 2).map((i) => i.id)).toEqual(["c", "b"]);
});
