import { expect, test } from "vitest";
import type { Rule } from "../api/types";
import { matchesRule, matrix, tactics } from "./attack";

const rule = (change: Partial<Rule>) => ({ id: "r", name: "Inbox rule", enabled: true, tactics: ["Collection"], techniques: [], ...change }) as Rule;

test("a technique stands under the tactics of ATT&CK, with the rules that cover it", () => {
  const found = matrix([rule({ techniques: ["T1114.003", "T1114"], tactics: ["Persistence"] }), rule({ id: "off", enabled: false, techniques: ["T1114"] })]);
  expect(found.map((c) => c.tactic)).toEqual(tactics);
  const at = (tactic: string, technique: string) => found.find((c) => c.tactic === tactic)!.techniques.find((t) => t.technique === technique);
  expect(at("Collection", "T1114")!.rules.map((r) => r.id)).toEqual(["r"]);
  expect(at("Persistence", "T1114")).toBeUndefined();
  expect(at("InitialAccess", "T1566")!.rules).toEqual([]); // what no rule covers is shown, too
  expect(found.find((c) => c.tactic === "Collection")!.techniques[0]!.technique).toBe("T1114");
});

test("a technique that is not known stands where its rule says", () => {
  const found = matrix([rule({ techniques: ["T9999"], tactics: ["Impact", "Unheard"] })]);
  expect(found.filter((c) => c.techniques.some((t) => t.technique === "T9999")).map((c) => c.tactic)).toEqual(["Impact"]);
});

test("rules are searched by name, tactic and technique", () => {
  const r = rule({ techniques: ["T1114.003"] });
  for (const text of ["inbox", "collec", "t1114"]) expect(matchesRule(r, text)).toBe(true);
  expect(matchesRule(r, "T1566")).toBe(false);
});
