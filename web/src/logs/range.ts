import type { Timespan } from "../api/types";

/** A length back from now in ISO 8601 (PT24H), all time, or fixed bounds. */
export type TimeRange = { last: string } | { all: true } | { from: string; to: string };

export const presets: { last: string; label: string }[] = [
  { last: "PT30M", label: "Last 30 minutes" },
  { last: "PT1H", label: "Last hour" },
  { last: "PT4H", label: "Last 4 hours" },
  { last: "PT12H", label: "Last 12 hours" },
  { last: "PT24H", label: "Last 24 hours" },
  { last: "P2D", label: "Last 2 days" },
  { last: "P3D", label: "Last 3 days" },
  { last: "P7D", label: "Last 7 days" },
  { last: "P30D", label: "Last 30 days" },
];

export const defaultRange: TimeRange = { last: "PT24H" };

/** Milliseconds of an ISO 8601 duration of days, hours and minutes; NaN if none. */
export function durationMilliseconds(text: string): number {
  const m = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$/.exec(text);
  if (!m || m.slice(1).every((part) => part === undefined)) return NaN;
  return ((Number(m[1] ?? 0) * 24 + Number(m[2] ?? 0)) * 60 + Number(m[3] ?? 0)) * 60_000;
}

/** The bounds that a range means now. */
export function toTimespan(range: TimeRange, now: number): Timespan {
  if ("all" in range) return {};
  if ("last" in range) return { from: new Date(now - durationMilliseconds(range.last)).toISOString() };
  return { from: range.from, to: range.to };
}

/**
 * Whether the query bounds its own time, as Log Analytics sees it: a where that
 * compares TimeGenerated or Timestamp. The time range then does not apply.
 */
export function boundsOwnTime(query: string): boolean {
  const bare = query
    .replace(/\/\/[^\n]*/g, "")
    .replace(/"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'/g, '""');
  return /\bwhere\b[^|;]*\b(?:TimeGenerated|Timestamp)\s*(?:[<>]=?|==|!?\bbetween\b)/i.test(bare);
}
