import type { Backfill } from "../api/types";

const day = 86_400_000;

/** What the form holds: days in UTC, the last of them included. */
export interface BackfillForm { tenant: string; from: string; to: string }

/** The month up to yesterday: what is younger than a day would have to be asked for again. */
export function usualForm(tenant: string, now: number): BackfillForm {
  const date = (at: number) => new Date(at).toISOString().slice(0, 10);
  return { tenant, from: date(now - 31 * day), to: date(now - day) };
}

/** The request for a form, or undefined when its days make no span. */
export function backfillRequest(form: BackfillForm): { tenant: string; from: string; to: string } | undefined {
  const [from, to] = [Date.parse(form.from), Date.parse(form.to)];
  if (Number.isNaN(from) || Number.isNaN(to) || to < from) return undefined;
  return { tenant: form.tenant, from: new Date(from).toISOString(), to: new Date(to + day).toISOString() };
}

/** The share of the span that is searched, from 0 to 1. */
export function backfillShare(b: Backfill): number {
  const span = (Date.parse(b.to) - Date.parse(b.from)) / 1000;
  return span > 0 ? Math.min(1, b.doneSeconds / span) : 1;
}

/** How long the rest takes at the pace so far, in seconds; undefined where that cannot be told. */
export function backfillLeft(b: Backfill, now: number): number | undefined {
  const done = b.doneSeconds - b.coveredSeconds;
  const open = (Date.parse(b.to) - Date.parse(b.from)) / 1000 - b.doneSeconds;
  const taken = (now - Date.parse(b.started)) / 1000;
  return b.state === "running" && done > 0 && taken > 0 ? (taken * open) / done : undefined;
}
