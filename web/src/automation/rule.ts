import type { AutomationRule, AutomationTest } from "../api/types";
import { automationText as t } from "../text/automation";

/** Whether a rule does anything now, in a word. */
export function stateOf(r: Pick<AutomationRule, "active" | "enabled">): string {
  if (r.active) return t.active;
  return r.enabled ? t.expired : t.off;
}

/** What a dry run is over: "30" is days back from now, "#17" an incident. */
export function testOf(text: string, over: string, now: number): AutomationTest {
  if (over.startsWith("#")) return { text, incident: Number(over.slice(1)) };
  return { text, from: new Date(now - Number(over) * 86_400_000).toISOString() };
}
