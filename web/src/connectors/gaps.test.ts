import { describe, expect, it } from "vitest";
import type { GapCell, GapState } from "../api/types";
import { cellStart, cellTime, columnLabel, columnsUpTo, gapGroups, gapLetters, gapStates, placeCells, zoomInto, zooms } from "./gaps";

const at = (text: string) => Date.parse(text);
const iso = (n: number) => new Date(n).toISOString().slice(0, 16);

const cell = (time: string, state: GapState, more: Partial<GapCell> = {}): GapCell =>
  ({ time, state, listed: 0, journalled: 0, expired: 0, records: 0, bytes: 0, ...more });

describe("columns", () => {
  it("begin at full hours, at midnight in UTC and on Mondays", () => {
    expect(iso(cellStart("hours", at("2026-09-16T08:59:59Z")))).toBe("2026-09-16T08:00");
    expect(iso(cellStart("days", at("2026-09-16T08:59:59Z")))).toBe("2026-09-16T00:00");
    expect(iso(cellStart("weeks", at("2026-09-16T08:59:59Z")))).toBe("2026-09-14T00:00"); // a Monday
    expect(iso(cellStart("weeks", at("2026-09-14T00:00:00Z")))).toBe("2026-09-14T00:00");
    expect(iso(cellStart("weeks", at("2026-09-13T23:59:59Z")))).toBe("2026-09-07T00:00");
  });

  it("end with the one that holds the instant", () => {
    for (const zoom of ["hours", "days", "weeks"] as const) {
      const columns = columnsUpTo(zoom, at("2026-09-16T08:30:00Z"));
      expect(columns).toHaveLength(zooms[zoom].columns);
      expect(columns.at(-1)).toBe(cellStart(zoom, at("2026-09-16T08:30:00Z")));
      expect(columns[1]! - columns[0]!).toBe(zooms[zoom].step);
    }
  });

  it("are labelled where a day, a week or a month begins", () => {
    expect(columnLabel("hours", at("2026-09-14T00:00:00Z"), false)).toBe("09-14");
    expect(columnLabel("hours", at("2026-09-14T06:00:00Z"), false)).toBe("06:00");
    expect(columnLabel("hours", at("2026-09-14T07:00:00Z"), false)).toBe("");
    expect(columnLabel("hours", at("2026-09-14T20:00:00Z"), true)).toBe("20:00");
    expect(columnLabel("hours", at("2026-09-14T21:00:00Z"), true), "a day begins beside it").toBe("");
    expect(columnLabel("days", at("2026-09-14T00:00:00Z"), false)).toBe("09-14");
    expect(columnLabel("days", at("2026-09-15T00:00:00Z"), false)).toBe("");
    expect(columnLabel("days", at("2026-09-15T00:00:00Z"), true)).toBe("09-15");
    expect(columnLabel("weeks", at("2026-09-07T00:00:00Z"), false)).toBe("2026-09");
    expect(columnLabel("weeks", at("2026-09-14T00:00:00Z"), false)).toBe("");
  });

  it("say their time in words", () => {
    expect(cellTime("hours", at("2026-09-14T23:00:00Z"))).toBe("2026-09-14 23:00–00:00");
    expect(cellTime("days", at("2026-09-14T00:00:00Z"))).toBe("2026-09-14");
    expect(cellTime("weeks", at("2026-09-14T00:00:00Z"))).toBe("2026-09-14 – 2026-09-20");
  });
});

describe("zooming in", () => {
  it("puts the cell into the middle, and never goes beyond now", () => {
    const now = at("2026-09-16T08:30:00Z");
    const days = zoomInto("weeks", at("2026-06-01T00:00:00Z"), now)!;
    expect(days.zoom).toBe("days");
    const shown = columnsUpTo("days", days.last);
    expect(shown[0]).toBeLessThan(at("2026-06-01T00:00:00Z"));
    expect(shown.at(-1)).toBeGreaterThan(at("2026-06-07T00:00:00Z"));
    expect(zoomInto("days", at("2026-09-16T00:00:00Z"), now)).toEqual({ zoom: "hours", last: now });
    expect(zoomInto("hours", now, now)).toBeUndefined();
  });
});

describe("cells", () => {
  it("fall into their columns; nothing is made up where nothing is known", () => {
    const columns = columnsUpTo("hours", at("2026-09-14T02:10:00Z"));
    const placed = placeCells([cell("2026-09-14T00:00:00Z", "complete"), cell("2026-09-14T02:00:00Z", "waiting"), cell("2020-01-01T00:00:00Z", "lost")], "hours", columns);
    expect(placed.slice(-4).map((c) => c?.state ?? null)).toEqual([null, "complete", null, "waiting"]);
    expect(placed.filter(Boolean)).toHaveLength(2);
  });

  it("of days become weeks with the worst state and the sums", () => {
    const columns = columnsUpTo("weeks", at("2026-09-20T12:00:00Z"));
    const placed = placeCells([
      cell("2026-09-14T00:00:00Z", "complete", { hours: { complete: 24 }, listed: 3, journalled: 3, records: 30, bytes: 5 }),
      cell("2026-09-15T00:00:00Z", "lost", { hours: { complete: 23, lost: 1 }, listed: 4, journalled: 3, expired: 1, records: 31, bytes: 6, detail: "1 blob expired" }),
      cell("2026-09-16T00:00:00Z", "late", { hours: { late: 24 }, listed: 1 }),
    ], "weeks", columns);
    expect(placed.at(-1)).toEqual({
      time: "2026-09-14T00:00:00.000Z", state: "lost", detail: "1 blob expired", hours: { complete: 47, lost: 1, late: 24 },
      listed: 8, journalled: 6, expired: 1, records: 61, bytes: 11,
    });
    expect(placed.slice(0, -1).every((c) => c === null)).toBe(true);
  });

  it("can be told apart by their letters", () => {
    expect(new Set(gapStates.map((s) => gapLetters[s])).size).toBe(gapStates.length);
  });
});

it("groups rows by tenant and source", () => {
  const row = (tenantId: string, source: string, contentType: string) => ({ tenantId, source, contentType, since: null, cells: [] });
  const groups = gapGroups([row("a", "activity", "x"), row("a", "blobexport", "y"), row("b", "activity", "x"), row("a", "activity", "z")]);
  expect(groups.map((g) => g.rows.map((r) => r.contentType).join())).toEqual(["x,z", "y", "x"]);
});
