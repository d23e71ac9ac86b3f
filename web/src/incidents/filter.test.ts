import { expect, test } from "vitest";
import type { Incident } from "../api/types";
import { formatFilter, inOrder, latestFirst, nextOrder, openFilter, parseFilter, type QueueFilter } from "./filter";

const read = (filter: QueueFilter) => parseFilter(formatFilter(filter).split("#")[1]!);

test("a link reopens the queue as it was", () => {
  const filter: QueueFilter = { status: ["New"], severity: ["High"], owner: "-", text: "a & b", sort: { column: "severity", descending: true } };
  expect(read(filter)).toEqual(filter);
  expect(read(openFilter)).toEqual(openFilter);
  expect(parseFilter("")).toEqual(openFilter);
  expect(parseFilter("status=New&sort=-nothing").sort).toEqual(latestFirst);
});

test("incidents come in the order that a column's head asks for", () => {
  const incident = (id: string, severity: string, owner: string, lastActivity: string) => ({ id, severity, owner, lastActivity }) as Incident;
  const all = [incident("a", "Low", "", "3"), incident("b", "High", "mara", "1"), incident("c", "High", "Kai", "2")];
  const ids = (sort: QueueFilter["sort"]) => inOrder(all, sort).map((i) => i.id).join("");
  expect(ids(nextOrder(latestFirst, "severity"))).toBe("cba");
  expect(ids(nextOrder(nextOrder(latestFirst, "severity"), "severity"))).toBe("acb");
  expect(ids(nextOrder(latestFirst, "owner"))).toBe("cba"); // nobody's last
  expect(ids(latestFirst)).toBe("acb");
});
