import { defaultRange, durationMilliseconds, type TimeRange } from "./range";

/** What a link to the Logs page opens. */
export interface LogsLink { query: string; range: TimeRange }

/**
 * The link of a query and its range. Both stand in the fragment, which a
 * browser never sends: what was asked stays out of access logs and proxies.
 */
export function formatLink(link: LogsLink): string {
  const p = new URLSearchParams({ query: link.query });
  const range = link.range;
  if ("all" in range) p.set("range", "all");
  else if ("last" in range) p.set("range", range.last);
  else {
    p.set("from", range.from);
    p.set("to", range.to);
  }
  return "/logs#" + p.toString().replaceAll("+", "%20");
}

/** Reads the fragment of a link; undefined when it holds no query. */
export function parseLink(fragment: string): LogsLink | undefined {
  const p = new URLSearchParams(fragment.replace(/^#/, ""));
  const query = p.get("query");
  return query ? { query, range: parseRange(p) } : undefined;
}

function parseRange(p: URLSearchParams): TimeRange {
  const last = p.get("range");
  if (last === "all") return { all: true };
  if (last && !Number.isNaN(durationMilliseconds(last))) return { last };
  const [from, to] = [p.get("from"), p.get("to")].map((t) => new Date(t ?? ""));
  if (from && to && from < to) return { from: from.toISOString(), to: to.toISOString() };
  return defaultRange;
}

/** The range that a note keeps as JSON; undefined where that is none. */
export function keptRange(kept: string | undefined): TimeRange | undefined {
  try {
    const range = JSON.parse(kept ?? "") as TimeRange;
    if (!["all", "last", "from"].some((key) => key in range)) return undefined;
    return parseLink(formatLink({ query: "-", range }).replace("/logs", ""))!.range;
  } catch {
    return undefined;
  }
}

export function sameLink(a: LogsLink, b: LogsLink): boolean {
  return formatLink(a) === formatLink(b);
}
