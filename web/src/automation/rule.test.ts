import { expect, test } from "vitest";
import { stateOf, testOf } from "./rule";

test("a rule that is on and does nothing has expired", () => {
  expect(stateOf({ active: true, enabled: true })).toBe("Active");
  expect(stateOf({ active: false, enabled: true })).toBe("Expired");
  expect(stateOf({ active: false, enabled: false })).toBe("Off");
});

test("a dry run is over days or over one incident", () => {
  expect(testOf("x", "7", Date.UTC(2026, 8, 14))).toEqual({ text: "x", from: "2026-09-07T00:00:00.000Z" });
  expect(testOf("x", "#17", 0)).toEqual({ text: "x", incident: 17 });
});
