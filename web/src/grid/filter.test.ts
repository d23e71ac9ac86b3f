import { expect, test } from "vitest";
import type { ResultTable } from "../api/types";
import { filteredOrder } from "./filter";

const table: ResultTable = {
  columns: [{ name: "UserId", type: "string" }, { name: "Subject", type: "string" }, { name: "Extra", type: "dynamic" }],
  rows: [["mara@w.example", "Invoice due", { ip: "203.0.113.77" }], ["kai@w.example", "Re: invoice", null], ["ade@w.example", "mara asks", null]],
};
const filter = (text: string) => [...filteredOrder(table, Uint32Array.from([2, 1, 0]), text)];

test("a filter keeps the order and lets through what holds every part", () => {
  expect(filter("")).toEqual([2, 1, 0]);
  expect(filter("MARA")).toEqual([2, 0]);
  expect(filter("userid:mara")).toEqual([0]);
  expect(filter("invoice -kai")).toEqual([0]);
  expect(filter('"invoice due"')).toEqual([0]);
  expect(filter("203.0.113.77")).toEqual([0]);
  expect(filter("Re: invoice")).toEqual([1]); // no column of that name
  expect(filter("-")).toEqual([]);
});
