import { expect, test } from "vitest";
import { remember } from "./history";

test("the latest run stands first, once, and the oldest are forgotten", () => {
  const two = remember(remember([], "A", 1), "B", 2);
  expect(remember(two, "A", 3)).toEqual([{ query: "A", at: 3 }, { query: "B", at: 2 }]);
  let many = two;
  for (let i = 0; i < 300; i++) many = remember(many, `Q${i}`, i);
  expect([many.length, many[0]!.query]).toEqual([200, "Q299"]);
});
