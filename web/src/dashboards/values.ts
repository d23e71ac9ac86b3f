import type { Dashboard, DashboardParameter, DashboardTile } from "../api/types";
import { durationMilliseconds, presets, type TimeRange } from "../logs/range";

/** What somebody chose: values by the names of parameters. */
export type Values = Record<string, string>;

export function defaults(d: Dashboard): Values {
  return Object.fromEntries(d.parameters.map((p) => [p.name, p.default]));
}

/** The values that a query declares, as the API takes them. */
export function asked(names: string[] | undefined, parameters: DashboardParameter[], values: Values): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean> = {};
  for (const name of names ?? []) {
    const parameter = parameters.find((p) => p.name === name);
    if (!parameter) continue;
    const value = values[name] ?? parameter.default;
    if (parameter.type === "string") out[name] = value;
    else if (parameter.type === "bool") out[name] = value === "true";
    else out[name] = Number(value) || 0;
  }
  return out;
}

const literal = (value: string | number | boolean) => (typeof value === "string" ? JSON.stringify(value) : String(value));

/** The query of a tile for the Logs page, where values are written into it. */
export function standalone(tile: DashboardTile, parameters: DashboardParameter[], values: Values): string {
  const query = (tile.query ?? "").replace(/^declare query_parameters\([^)]*\);\n/, "");
  const lets = Object.entries(asked(tile.parameters, parameters, values)).map(([name, value]) => `let ${name} = ${literal(value)};\n`);
  return lets.join("") + query;
}

/** A length of time as the picker of ranges spells it: a day is PT24H there. */
function familiar(last: string): string {
  return presets.find((p) => durationMilliseconds(p.last) === durationMilliseconds(last))?.last ?? last;
}

/** What an address says of range and values, over what the dashboard begins with. */
export function readAddress(fragment: string, d: Dashboard): { range: TimeRange; values: Values } {
  const p = new URLSearchParams(fragment.replace(/^#/, ""));
  const values = defaults(d);
  for (const name of Object.keys(values)) values[name] = p.get("p." + name) ?? values[name]!;
  const [from, to, last] = [p.get("from"), p.get("to"), p.get("range")];
  if (from && to) return { range: { from, to }, values };
  return { range: last === "all" ? { all: true } : { last: familiar(last ?? d.range) }, values };
}

export function writeAddress(id: string, range: TimeRange, values: Values, d: Dashboard): string {
  const p = new URLSearchParams();
  if ("all" in range) p.set("range", "all");
  else if ("last" in range) {
    if (range.last !== familiar(d.range)) p.set("range", range.last);
  } else {
    p.set("from", range.from);
    p.set("to", range.to);
  }
  for (const parameter of d.parameters) {
    const value = values[parameter.name] ?? "";
    if (value !== parameter.default) p.set("p." + parameter.name, value);
  }
  const fragment = p.toString().replaceAll("+", "%20");
  return `/dashboards/${encodeURIComponent(id)}${fragment ? "#" + fragment : ""}`;
}
