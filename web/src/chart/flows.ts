import type { QueryResult } from "../api/types";
import { exactCell, isNumeric, toNumber } from "../format/value";

/** A flow from one thing to another, and how much of it. */
export interface Flow { from: string; to: string; value: number }

/** Flows beyond which nobody sees one. */
const maxFlows = 300;

/**
 * The flows of a result: each row goes through its columns of text from left to right,
 * as much as its first number says, or once.
 */
export function flows(result: QueryResult): { flows: Flow[]; note: string } | string {
  const number = result.columns.findIndex((c) => isNumeric(c.type));
  const places = result.columns.map((c, i) => ({ c, i })).filter(({ c, i }) => i !== number && !["datetime", "timespan", "dynamic"].includes(c.type) && !isNumeric(c.type)).map(({ i }) => i);
  if (places.length < 2) return "Flows need two columns of text, from where and to where, and the result has fewer.";
  const known = new Map<string, Flow>();
  for (const row of result.rows) {
    const value = number < 0 ? 1 : Math.abs(toNumber(row[number]!, result.columns[number]!.type)) || 0;
    for (let i = 1; i < places.length; i++) {
      const from = exactCell(row[places[i - 1]!]!) || "(empty)";
      const to = exactCell(row[places[i]!]!) || "(empty)";
      const key = JSON.stringify([from, to]);
      const one = known.get(key) ?? { from, to, value: 0 };
      known.set(key, one);
      one.value += value;
    }
  }
  const all = [...known.values()].sort((a, b) => b.value - a.value);
  return { flows: all.slice(0, maxFlows), note: all.length > maxFlows ? `The ${maxFlows} largest of ${all.length} flows are drawn.` : "" };
}

/**
 * The flows without any that leads back to where it came from, which a sankey cannot
 * draw, and how many were left out. The largest come first and stay.
 */
export function withoutCycles(all: Flow[]): { flows: Flow[]; dropped: number } {
  const next = new Map<string, string[]>();
  const reaches = (from: string, to: string): boolean => {
    const seen = new Set<string>();
    const waiting = [from];
    for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
      if (at === to) return true;
      if (seen.has(at)) continue;
      seen.add(at);
      waiting.push(...(next.get(at) ?? []));
    }
    return false;
  };
  const kept = all.filter((f) => {
    if (reaches(f.to, f.from)) return false;
    next.set(f.from, [...(next.get(f.from) ?? []), f.to]);
    return true;
  });
  return { flows: kept, dropped: all.length - kept.length };
}

interface Trace { type?: string; mode?: string; name?: string; x?: unknown[]; y?: unknown[]; labels?: unknown[]; values?: unknown[]; orientation?: string; fill?: string }
const traceKinds: Record<string, string> = { bar: "columnchart", pie: "piechart", scatter: "linechart", scattergl: "linechart" };

/**
 * A figure of plotly, which stands in the first cell as its JSON, as a table that the
 * other kinds draw: bars, lines, areas, points and pies of one figure.
 */
export function figure(result: QueryResult): { result: QueryResult; kind: string } | string {
  let parsed: unknown = result.rows[0]?.[0];
  try {
    if (typeof parsed === "string") parsed = JSON.parse(parsed);
  } catch {
    parsed = undefined;
  }
  const { data, layout } = (parsed ?? {}) as { data?: Trace[]; layout?: { title?: string | { text?: string } } };
  if (!Array.isArray(data) || data.length === 0) return "The first cell holds no figure of plotly: an object with data.";
  const types = new Set(data.map((trace) => trace.type ?? "scatter"));
  const [type] = types;
  if (types.size > 1 || !traceKinds[type!]) return `A figure is drawn of bars, lines, points or a pie, and this has ${[...types].join(" and ")}.`;
  const first = data[0]!;
  const kind =
    type === "bar" && first.orientation === "h" ? "barchart"
    : type?.startsWith("scatter") && first.mode === "markers" ? "scatterchart"
    : type?.startsWith("scatter") && first.fill ? "areachart"
    : traceKinds[type!]!;
  const rows = data.flatMap((trace, n) => {
    const [across, up] = trace.orientation === "h" ? [trace.y, trace.x] : [trace.x ?? trace.labels, trace.y ?? trace.values];
    return (up ?? []).map((y, i) => [String((across ?? [])[i] ?? i), Number(y), trace.name ?? (data.length > 1 ? `Trace ${n + 1}` : "")]);
  });
  const title = typeof layout?.title === "string" ? layout.title : (layout?.title?.text ?? "");
  const moments = kind !== "piechart" && rows.length > 0 && rows.every(([x]) => /^\d{4}-\d\d-\d\d/.test(String(x)));
  const numbers = !moments && kind !== "piechart" && rows.every(([x]) => x !== "" && Number.isFinite(Number(x)));
  return {
    kind,
    result: {
      ...result,
      columns: [{ name: "x", type: moments ? "datetime" : numbers && kind !== "columnchart" && kind !== "barchart" ? "real" : "string" }, { name: "y", type: "real" }, { name: "series", type: "string" }],
      rows: rows.map(([x, y, s]) => [moments ? new Date(String(x)).toISOString() : numbers && kind !== "columnchart" && kind !== "barchart" ? Number(x) : x!, y!, s!]),
      visualization: { ...result.visualization!, title: result.visualization?.title ?? title, xColumn: "x", yColumns: ["y"], series: rows.some(([, , s]) => s !== "") ? ["series"] : undefined },
    },
  };
}
