import { expect, test } from "vitest";
import type { AssuranceItem } from "../api/types";
import { filterItems } from "./filter";

const item = (id: string, kind: AssuranceItem["kind"], statement: string): AssuranceItem => ({
  id, kind, release: "", asks: "Something", counts: { shown: 1, notMet: 0, notVisible: 0 }, assessment: { status: "Not Assessed" },
  evidence: [{ name: "log", aspect: "protected", state: "not met", statement }],
});

test("controls are found by their number, their words and the state of their evidence", () => {
  const items = [item("ISM-1815", "ism", "a folder"), item("D1", "blueprint", "a table")];
  expect(filterItems(items, "", "all")).toHaveLength(2);
  expect(filterItems(items, "1815", "all").map((i) => i.id)).toEqual(["ISM-1815"]);
  expect(filterItems(items, "NOT  met table", "all").map((i) => i.id)).toEqual(["D1"]);
  expect(filterItems(items, "", "ism").map((i) => i.id)).toEqual(["ISM-1815"]);
  expect(filterItems(items, "nowhere", "all")).toEqual([]);
});
