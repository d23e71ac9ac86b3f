import { describe, expect, it } from "vitest";
import type { Cell, KustoType } from "../api/types";
import { toCsv } from "./csv";
import { inSlices, type Work } from "./slices";
import { sortedOrder, sorting } from "./sort";
import { collator, keyOf } from "./words";
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

describe("work in slices", () => {
  /** Holds the page for a millisecond in each of its steps. */
  function* busy(steps: number): Work<string> {
    for (let i = 0; i < steps; i++) {
      for (const end = performance.now() + 1; performance.now() < end; );
      yield i / steps;
    }
    return "done";
  }
  it("lets others have their turn, and says how far it is", async () => {
    const seen: (number | string)[] = [];
    setTimeout(() => seen.push("another"), 0);
    expect(await inSlices(busy(30), new AbortController().signal, (done) => seen.push(done))).toBe("done");
    expect(seen.indexOf("another")).toBeGreaterThan(-1);
    expect(seen.filter((s) => s !== "another")).toEqual(seen.filter((s) => s !== "another").sort());
  });
  it("stops when it is not wanted any more", async () => {
    const abort = new AbortController();
    let steps = 0;
    const told = () => ++steps === 2 && abort.abort();
    await expect(inSlices(busy(10_000), abort.signal, told)).rejects.toThrow();
    expect(steps).toBe(2);
  });
  it("sorts what is more than one run as sorting at once does", async () => {
    const rows = Array.from({ length: 5_000 }, (_, i): Cell[] => [`file ${(i * 7919) % 6_007}`, (i * 31) % 50 === 0 ? null : (i * 104_729) % 997]);
    for (const [column, type] of [[0, "string"], [1, "long"]] as const) {
      for (const descending of [false, true]) {
        const way = (a: Cell, b: Cell) => (a === null || b === null ? Number(a === null) - Number(b === null) : (descending ? -1 : 1) * (column === 0 ? collator.compare(a as string, b as string) : Number(a) - Number(b)));
        const one = [...rows.keys()].sort((i, j) => way(rows[i]![column]!, rows[j]![column]!) || i - j);
        expect([...(await inSlices(sorting(rows, type, { column, descending }), new AbortController().signal))]).toEqual(one);
      }
    }
  });
});

describe("keys of words", () => {
  it("compare as the collator does", () => {
    let seed = 7;
    const next = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
    const words = () => Array.from({ length: next(7) }, () => (next(3) === 0 ? String(next(120)).padStart(next(4), "0") : String.fromCharCode(0x20 + next(95)))).join("");
    for (let i = 0; i < 5_000; i++) {
      const [a, b] = [words(), words()];
      const [x, y] = [keyOf(a)!, keyOf(b)!];
      if (Math.sign(collator.compare(a, b)) !== (x === y ? 0 : x < y ? -1 : 1)) expect.fail(`${JSON.stringify(a)} and ${JSON.stringify(b)}`);
    }
  });
  it("are not made of what only the collator knows", () => {
    expect(keyOf("Zo\u00eb")).toBeUndefined();
    expect(keyOf("a\tb")).toBeUndefined();
    expect(order(["\u00e9", "f", "e"], "string")).toEqual([0, 2, 1]);
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
