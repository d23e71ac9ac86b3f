import { expect, test } from "vitest";
import type { Rule } from "../api/types";
import { anyRule, formatRuleFilter, healthOf, isShown, parseRuleFilter, type RuleFilter } from "./filter";

const rule = (change: Partial<Rule>, health: Partial<Rule["health"]> = {}) =>
  ({ id: "r", name: "Inbox rule", severity: "High", enabled: true, tactics: [], techniques: ["T1114"], health: { runs: 3, ...health }, ...change }) as Rule;

test("a rule that is off is off, whatever its last run said", () => {
  expect(healthOf(rule({ enabled: false }, { lastError: "no column" }))).toBe("off");
  expect(healthOf(rule({}, { lastError: "no column" }))).toBe("failing");
  expect(healthOf(rule({}, { runs: 0 }))).toBe("waiting");
  expect(healthOf(rule({}))).toBe("healthy");
});

test("rules are filtered by severity, health and words at once", () => {
  const failing = rule({}, { lastError: "no column" });
  const shown = (filter: Partial<RuleFilter>) => [failing, rule({}), rule({ severity: "Low" })].filter((r) => isShown(r, { ...anyRule, ...filter })).length;
  expect([shown({}), shown({ severity: "High" }), shown({ health: "failing" }), shown({ severity: "Low", health: "failing" }), shown({ text: "t1114", severity: "Low" }), shown({ text: "other" })]).toEqual([3, 2, 1, 0, 1, 0]);
});

test("a link reopens the list as it was", () => {
  const filter: RuleFilter = { severity: "High", health: "failing", text: "a & b", rule: "r 7" };
  expect(parseRuleFilter(formatRuleFilter(filter).split("#")[1]!)).toEqual(filter);
  expect(formatRuleFilter(anyRule)).toBe("/rules");
  expect(parseRuleFilter("")).toEqual(anyRule);
});
