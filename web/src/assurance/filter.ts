import type { AssuranceItem } from "../api/types";

export type Kind = "all" | AssuranceItem["kind"];

/** The items of a kind that have every word somewhere. */
export function filterItems(items: AssuranceItem[], text: string, kind: Kind): AssuranceItem[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return items.filter((item) => {
    if (kind !== "all" && item.kind !== kind) return false;
    const all = [item.id, item.asks, item.assessment.status, ...item.evidence.flatMap((f) => [f.statement, f.state, f.aspect])].join(" ").toLowerCase();
    return words.every((word) => all.includes(word));
  });
}
