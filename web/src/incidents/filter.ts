import type { IncidentFilter } from "../api/client";
import type { Incident } from "../api/types";

/** By which columns the queue can be sorted. */
export const sortable = ["severity", "title", "status", "owner", "alerts", "first", "last"] as const;
export type SortColumn = (typeof sortable)[number];
export interface QueueSort { column: SortColumn; descending: boolean }

/** The filter and the order of the queue, kept in the address so that a link reopens it. */
export interface QueueFilter extends IncidentFilter { sort: QueueSort }

export const latestFirst: QueueSort = { column: "last", descending: true };
export const openFilter: QueueFilter = { status: ["New", "Active"], severity: [], text: "", sort: latestFirst };
export const anything: QueueFilter = { ...openFilter, status: [] };

export function formatFilter(filter: QueueFilter): string {
  const p = new URLSearchParams();
  p.set("status", filter.status.join(","));
  if (filter.severity.length) p.set("severity", filter.severity.join(","));
  if (filter.owner) p.set("owner", filter.owner);
  if (filter.text) p.set("text", filter.text);
  const { column, descending } = filter.sort;
  if (column !== latestFirst.column || !descending) p.set("sort", (descending ? "-" : "") + column);
  return "/incidents#" + p;
}

export function parseFilter(fragment: string): QueueFilter {
  const p = new URLSearchParams(fragment.replace(/^#/, ""));
  if (!p.has("status")) return openFilter;
  const list = (name: string) => (p.get(name) ?? "").split(",").filter((v) => v !== "");
  const owner = p.get("owner");
  return { status: list("status"), severity: list("severity"), text: p.get("text") ?? "", ...(owner && { owner }), sort: parseSort(p.get("sort") ?? "") };
}

function parseSort(text: string): QueueSort {
  const column = sortable.find((c) => c === text.replace("-", ""));
  return column ? { column, descending: text.startsWith("-") } : latestFirst;
}

const severities = ["Informational", "Low", "Medium", "High"];
const statuses = ["New", "Active", "Closed"];

const places: Record<SortColumn, (i: Incident) => string | number> = {
  severity: (i) => severities.indexOf(i.severity), title: (i) => i.title.toLowerCase(), status: (i) => statuses.indexOf(i.status), owner: (i) => i.owner.toLowerCase() || "\uffff",
  alerts: (i) => i.alertCount, first: (i) => i.firstActivity, last: (i) => i.lastActivity,
};

/** Incidents in the order; those that are equal in it by the latest activity. */
export function inOrder(incidents: Incident[], { column, descending }: QueueSort): Incident[] {
  const place = places[column];
  const compare = (a: string | number, b: string | number) => (a < b ? -1 : a > b ? 1 : 0);
  return [...incidents].sort((a, b) => (descending ? -1 : 1) * compare(place(a), place(b)) || -compare(a.lastActivity, b.lastActivity));
}

/** What a click on the head of a column asks for: what matters most first, then the other way round. */
export function nextOrder(sort: QueueSort, column: SortColumn): QueueSort {
  if (sort.column === column) return { column, descending: !sort.descending };
  return { column, descending: column !== "title" && column !== "owner" && column !== "status" };
}
