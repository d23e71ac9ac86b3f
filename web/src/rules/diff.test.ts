import { expect, test } from "vitest";
import { diff } from "./diff";

test("a diff says line by line what became of a text", () => {
  expect(diff("a\nb\nc\n", "a\nx\nc\nd\n")).toEqual([
    { kind: "same", text: "a" }, { kind: "removed", text: "b" }, { kind: "added", text: "x" }, { kind: "same", text: "c" }, { kind: "added", text: "d" },
  ]);
  expect(diff("a", "a").every((line) => line.kind === "same")).toBe(true);
});
