import { describe, expect, it } from "vitest";
import type { Cell } from "../api/types";
import { allPaths, groupAt, grouped } from "./groups";

const table = {
  columns: [{ name: "Workload", type: "string" as const }, { name: "User", type: "string" as const }, { name: "N", type: "long" as const }],
  rows: [["Exchange", "mara", 1], ["SharePoint", "kai", 2], ["Exchange", "kai", 3], ["Exchange", "mara", 4], [null, "kai", 5]] as Cell[][],
};
const order = Uint32Array.from(table.rows.keys());
/** Groups as level:value(rows), rows as numbers. */
const shown = (by: number[], open: string[] = [], sorted = false) => {
  const { items, groups } = grouped(table, order, by, new Set(open), sorted);
  return [...items].map((item) => (item >= 0 ? item : ((g) => `${g.level}:${g.value}(${g.rows})`)(groups[groupAt(item)]!)));
};

describe("groups", () => {
  it("come folded, the largest first", () => {
    expect(shown([0])).toEqual(["0:Exchange(3)", "0:SharePoint(1)", "0:null(1)"]);
  });
  it("show their rows, or further groups, when open", () => {
    expect(shown([0], ['"Exchange"'])).toEqual(["0:Exchange(3)", 0, 2, 3, "0:SharePoint(1)", "0:null(1)"]);
    expect(shown([0, 1], ['"Exchange"', '"Exchange""mara"'])).toEqual(["0:Exchange(3)", "1:mara(2)", 0, 3, "1:kai(1)", "0:SharePoint(1)", "0:null(1)"]);
  });
  it("come as the rows do where these are sorted", () => {
    expect(shown([1], [], true)).toEqual(["0:mara(2)", "0:kai(3)"]);
  });
  it("are all named for opening everything, within a bound", () => {
    expect([...allPaths(table, order, [1, 0])]).toEqual(['"mara"', '"mara""Exchange"', '"kai"', '"kai""SharePoint"', '"kai""Exchange"', '"kai"""']);
    expect(allPaths(table, order, [0, 1], 2).size).toBe(2);
  });
});
