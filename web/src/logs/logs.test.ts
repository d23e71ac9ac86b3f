import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import type { QueryResult, Timespan } from "../api/types";
import { formatLink, keptRange, parseLink, type LogsLink } from "./link";
import { boundsOwnTime, durationMilliseconds, toTimespan } from "./range";
import { LogsStore, titleOf, type Memory, type Runner } from "./store";

describe("link", () => {
  const links: LogsLink[] = [
    { query: "OfficeActivity\n| where UserId has 'a+b & c #1'", range: { last: "PT4H" } },
    { query: "print \"é 🐾\"", range: { all: true } },
    { query: "T", range: { from: "2026-09-14T00:00:00.000Z", to: "2026-09-15T00:00:00.000Z" } },
  ];
  it("opens what it was made of", () => {
    for (const link of links) expect(parseLink(formatLink(link).replace("/logs", ""))).toEqual(link);
  });
  it("gives the range that a note keeps", () => {
    for (const { range } of links) expect(keptRange(JSON.stringify(range))).toEqual(range);
    expect(["", "null", "7", "[]"].map(keptRange)).toEqual([undefined, undefined, undefined, undefined]);
  });
  it("falls back on the default range and ignores a fragment without a query", () => {
    expect(parseLink("#query=T&range=forever")).toEqual({ query: "T", range: { last: "PT24H" } });
    expect(parseLink("#query=T&from=2026-09-15&to=2026-09-14")).toEqual({ query: "T", range: { last: "PT24H" } });
    expect(parseLink("#range=PT4H")).toBeUndefined();
    expect(parseLink("")).toBeUndefined();
  });
});

describe("range", () => {
  it("reads durations", () => {
    expect(["PT30M", "P1DT2H", "P7D"].map(durationMilliseconds)).toEqual([1_800_000, 93_600_000, 604_800_000]);
    expect(["P", "PT", "30M", "P1W"].map(durationMilliseconds)).toEqual([NaN, NaN, NaN, NaN]);
  });
  it("becomes bounds", () => {
    expect(toTimespan({ last: "PT1H" }, Date.parse("2026-09-14T08:00:00Z"))).toEqual({ from: "2026-09-14T07:00:00.000Z" });
    expect(toTimespan({ all: true }, 0)).toEqual({});
  });
  it("sees a query that bounds its own time", () => {
    for (const query of [
      "T | where TimeGenerated > ago(7d)", "T\n| where UserId == 'x' and Timestamp between (ago(2d) .. now())", "T | where TimeGenerated !between (a .. b)",
    ]) expect(boundsOwnTime(query), query).toBe(true);
    for (const query of [
      "T | summarize count() by bin(TimeGenerated, 1h)", "T // | where TimeGenerated > ago(1d)", "T | where Note == 'where TimeGenerated > 1'",
      "T | where UserId == 'x' | extend Late = TimeGenerated > ago(1h)",
    ]) expect(boundsOwnTime(query), query).toBe(false);
  });
});

const empty: QueryResult = { columns: [], rows: [], visualization: null, statistics: { elapsedMilliseconds: 1, rowsReturned: 0 } };

function memory(value: string | null = null): Memory & { value: string | null } {
  return { value, get() { return this.value; }, set(v) { this.value = v; } };
}

/** A runner whose runs end when the test says so. */
function held() {
  const runs: { query: string; timespan: Timespan; finish: (r: QueryResult) => void; fail: (e: unknown) => void }[] = [];
  const runner: Runner = (query, timespan, signal) =>
    new Promise((finish, fail) => {
      runs.push({ query, timespan, finish, fail });
      signal.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
    });
  return { runs, runner };
}

describe("tabs", () => {
  const now = () => Date.parse("2026-09-14T08:00:00Z");

  it("runs with the range of its tab, unless the query bounds its own time", async () => {
    const { runs, runner } = held();
    const store = new LogsStore(runner, memory(), now);
    const id = store.open({ query: "T", range: { last: "PT1H" } });
    void store.run(id, "T");
    void store.run(id, "T | where TimeGenerated > ago(3d)");
    expect(runs.map((r) => r.timespan)).toEqual([{ from: "2026-09-14T07:00:00.000Z" }, {}]);
  });

  it("shows the newest run when an older one ends late", async () => {
    const { runs, runner } = held();
    const store = new LogsStore(runner, memory(), now);
    const id = store.active().id;
    const first = store.run(id, "old");
    const second = store.run(id, "new");
    runs[1]!.finish(empty);
    await Promise.all([first, second]);
    expect(store.active().run).toMatchObject({ state: "done", text: "new" });
  });

  it("cancels, and reports failures", async () => {
    const { runs, runner } = held();
    const store = new LogsStore(runner, memory(), now);
    const id = store.active().id;
    const cancelled = store.run(id, "T");
    store.cancel(id);
    await cancelled;
    expect(store.active().run).toEqual({ state: "cancelled" });
    const failed = store.run(id, "T");
    runs[1]!.fail(new ApiError("query", "no"));
    await failed;
    expect(store.active().run).toMatchObject({ state: "failed", error: { code: "query" } });
  });

  it("reuses an empty tab, never runs out of tabs, and survives a reload without results", () => {
    const kept = memory();
    const store = new LogsStore(held().runner, kept, now);
    store.open({ query: "First", range: { all: true } });
    expect(store.get().tabs).toHaveLength(1);
    store.open();
    store.setText(store.active().id, "// Second one\nT");
    expect(store.get().tabs.map((t) => t.title)).toEqual(["First", "Second one"]);
    const again = new LogsStore(held().runner, memory(kept.value), now);
    expect(again.get().tabs.map((t) => t.text)).toEqual(["First", "// Second one\nT"]);
    expect(again.active().title).toBe("Second one");
    for (const tab of again.get().tabs) again.close(tab.id);
    expect(again.get().tabs).toHaveLength(1);
  });

  it("starts afresh on broken memory", () => {
    expect(new LogsStore(held().runner, memory("{"), now).get().tabs).toHaveLength(1);
    expect(new LogsStore(held().runner, memory('{"tabs":[]}'), now).get().tabs).toHaveLength(1);
  });

  it("names tabs after their query", () => {
    expect(titleOf("\n  // Forwarding rules \nT", "x")).toBe("Forwarding rules");
    expect(titleOf("//", "x")).toBe("x");
    expect(titleOf("OfficeActivity | where Operation == 'Send'", "x")).toHaveLength(28);
  });
});
