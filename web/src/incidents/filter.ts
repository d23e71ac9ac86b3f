import type { IncidentFilter } from "../api/client";

/** The filter of the queue, kept in the address so that a link reopens it. */
export const openFilter: IncidentFilter = { status: ["New", "Active"], severity: [], text: "" };

export function formatFilter(filter: IncidentFilter): string {
  const p = new URLSearchParams();
  p.set("status", filter.status.join(","));
  if (filter.severity.length) p.set("severity", filter.severity.join(","));
  if (filter.text) p.set("text", filter.text);
  return "/incidents#" + p;
}

export function parseFilter(fragment: string): IncidentFilter {
  const p = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!p.has("status")) return openFilter;
  const list = (name: string) => (p.get(name) ?? "").split(",").filter((v) => v !== "");
  return { status: list("status"), severity: list("severity"), text: p.get("text") ?? "" };
}
