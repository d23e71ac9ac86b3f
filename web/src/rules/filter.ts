import type { Rule } from "../api/types";
import { matchesRule } from "./attack";

/** How a rule fares, what is wrong first. */
export const healths = ["failing", "waiting", "healthy", "off"] as const;
export type Health = (typeof healths)[number];

export function healthOf(rule: Rule): Health {
  if (!rule.enabled) return "off";
  if (rule.health.lastError) return "failing";
  return rule.health.runs > 0 ? "healthy" : "waiting";
}

/** Which rules are shown, kept in the address so that a link reopens them. Empty is any. */
export interface RuleFilter { severity: string; health: string; text: string; /** The id of the one that is open. */ rule: string }
export const anyRule: RuleFilter = { severity: "", health: "", text: "", rule: "" };

const keys = ["severity", "health", "text", "rule"] as const;

export function formatRuleFilter(filter: RuleFilter): string {
  const p = new URLSearchParams(keys.filter((k) => filter[k]).map((k) => [k, filter[k]]));
  return "/rules" + (p.size > 0 ? "#" + p : "");
}

export function parseRuleFilter(fragment: string): RuleFilter {
  const p = new URLSearchParams(fragment);
  const [severity, health, text, rule] = keys.map((k) => p.get(k) ?? "") as [string, string, string, string];
  return { severity, health, text, rule };
}

export function isShown(rule: Rule, filter: RuleFilter): boolean {
  return (!filter.severity || rule.severity === filter.severity) && (!filter.health || healthOf(rule) === filter.health) && matchesRule(rule, filter.text);
}
