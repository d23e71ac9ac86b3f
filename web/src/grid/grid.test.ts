import { describe, expect, it } from "vitest";
import type { Cell, KustoType } from "../api/types";
import { toCsv } from "./csv";
import { sortedOrder } from "./sort";
import { edges, visibleColumns, visibleRows } from "./window";

const order = (cells: Cell[], type: KustoType, descending = false) =>
  [...sortedOrder(cells.map((c) => [c]), type, { column: 0, descending })];

describe("sort", () => {
  it("puts nulls last either way", () => {
    expect(order([3, null, 1], "long")).toEqual([2, 0, 1]);
    expect(order([3, null, 1], "long", true)).toEqual([0, 2, 1]);
  });
  it("compares longs beyond 2^53 exactly", () => {
    expect(order(["9223372036854775807", "9223372036854775806", 5], "long")).toEqual([2, 1, 0]);
  });
  it("compares timespans by length and times to the tick", () => {
    expect(order(["1.00:00:00", "23:00:00", "-00:00:01"], "timespan")).toEqual([2, 1, 0]);
    expect(order(["2026-09-14T08:00:00.0000002Z", "2026-09-14T08:00:00.0000001Z"], "datetime")).toEqual([1, 0]);
  });
  it("compares text without case and digits as numbers, and is stable", () => {
    expect(order(["b", "A", "file10", "file9", "a"], "string")).toEqual([1, 4, 0, 3, 2]);
  });
});

describe("sort of many", () => {
  it("gives texts that come again the order that they have one by one", () => {
    const few = Array.from({ length: 60 }, (_, i) => ["B", "a", "A", null, "file10", "file9", ""][(i * 31) % 7]!);
    const collator = new Intl.Collator("en-AU", { numeric: true, sensitivity: "base" });
    for (const descending of [false, true]) {
      const one = [...few.keys()].sort((i, j) => Number(few[i] === null) - Number(few[j] === null) || (few[i] === null ? 0 : (descending ? -1 : 1) * collator.compare(few[i]!, few[j]!)) || i - j);
      expect(order(few, "string", descending)).toEqual(one);
    }
  });
});

describe("window", () => {
  it("shows only what is in sight", () => {
    expect(visibleRows(0, 280, 28, 100_000, 8)).toEqual({ start: 0, end: 18 });
    expect(visibleRows(28_000, 280, 28, 100_000, 8)).toEqual({ start: 992, end: 1018 });
    expect(visibleRows(99_999 * 28, 280, 28, 100_000, 8).end).toBe(100_000);
    expect(visibleRows(500, 280, 28, 0)).toEqual({ start: 0, end: 0 });
  });
  it("shows columns by their edges", () => {
    const offsets = edges([100, 200, 50, 50, 400]);
    expect(offsets).toEqual([0, 100, 300, 350, 400, 800]);
    expect(visibleColumns(310, 60, offsets, 0)).toEqual({ start: 2, end: 4 });
    expect(visibleColumns(0, 100, offsets, 1)).toEqual({ start: 0, end: 2 });
  });
});

describe("csv", () => {
  const table = {
    columns: [{ name: "Subject", type: "string" as const }, { name: "N", type: "long" as const }, { name: "J", type: "dynamic" as const }],
    rows: [['He said "pay", now', -5, { a: 1 }], ["=HYPERLINK(1)", null, null], ["-5", 1, null]] as Cell[][],
  };
  it("quotes what needs it and defuses formulas, not numbers", () => {
    expect(toCsv(table)).toBe('Subject,N,J\r\n"He said ""pay"", now",-5,"{""a"":1}"\r\n\'=HYPERLINK(1),,\r\n-5,1,\r\n');
  });
  it("keeps the order that is shown", () => {
    expect(toCsv(table, [2, 0]).split("\r\n")[1]).toBe("-5,1,");
  });
});
