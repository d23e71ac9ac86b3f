import type { Cell, KustoType, QueryResult, ResultColumn, Visualization } from "../api/types";
import { exactCell, isNumeric, toNumber } from "../format/value";
import { figure, flows, withoutCycles, type Flow } from "./flows";
import { boxes, ladder, timePivot, type Box, type Span } from "./spans";

/** The kinds of render that are drawn; all others show the grid. */
export const chartKinds = [
  "timechart", "anomalychart", "linechart", "areachart", "stackedareachart", "columnchart", "barchart", "piechart", "treemap", "scatterchart",
  "sankey", "graph", "ladderchart", "timepivot", "plotly", "card",
] as const;
export type ChartKind = (typeof chartKinds)[number];

export type Stacking = "none" | "stacked" | "stacked100";

export interface Series { name: string; points: [x: number | string, y: number | null][] }

export interface ChartModel {
  kind: ChartKind;
  title: string;
  /** time: points hold milliseconds; number; category: points hold its text. */
  xType: "time" | "number" | "category";
  /** In order of appearance; only for category. */
  categories: string[];
  series: Series[];
  xTitle: string;
  yTitle: string;
  stacking: Stacking;
  legend: boolean;
  logX: boolean;
  logY: boolean;
  yMin?: number;
  yMax?: number;
  /** What was left out so that the chart can be read, or empty. */
  note: string;
  /** What each series says is out of the ordinary, of an anomaly chart. */
  anomalies: { name: string; points: [number | string, number][] }[];
  /** Whether every measure has an axis, or a chart, of its own. */
  split: "none" | "axes" | "panels";
  /** Of a ladder chart and of a time pivot. */
  spans: Span[];
  /** Of a treemap. */
  boxes: Box[];
  /** Of a sankey and of a graph. */
  flows: Flow[];
  /** A card's values. */
  cards: { name: string; value: Cell; type: KustoType }[];
}

const maxSeries = 40;
const maxSlices = 24;

/** Kusto's other names for the kinds that are drawn. */
const synonyms: Record<string, ChartKind> = {
  pivotchart: "columnchart", "3dchart": "columnchart", timeline: "timepivot",
};

/** What is said of a kind that is shown as something else. */
const instead: Record<string, string> = {
  pivotchart: "A pivot chart is arranged by hand in Kusto.Explorer; its numbers are drawn as columns.",
  "3dchart": "A chart in three dimensions is drawn by Kusto.Explorer alone; its numbers are drawn as columns.",
};

/** Why a result that asked to be rendered is shown as a table, or empty where it asked for that. */
export function whyTable(visualization: Visualization | null): string {
  const name = visualization?.visualization ?? "";
  if (name === "" || name.toLowerCase() === "table" || kindOf(visualization)) return "";
  return `render ${name} is shown as a table.`;
}

export function kindOf(visualization: Visualization | null): ChartKind | undefined {
  const name = visualization?.visualization.toLowerCase() ?? "";
  return synonyms[name] ?? chartKinds.find((kind) => kind === name);
}

/** A kind that suits a result which asked for none. */
export function suggestKind(columns: ResultColumn[]): ChartKind | undefined {
  if (!columns.some((c) => isNumeric(c.type))) return undefined;
  if (columns.some((c) => c.type === "datetime")) return "timechart";
  return columns.length > 1 ? "columnchart" : "card";
}

/**
 * The roles that columns play, after Kusto's rules: x is the named column, or
 * the first datetime of a timechart, or the first column; y are the named
 * columns, or every number; series are the named columns, or every text.
 */
function roles(columns: ResultColumn[], kind: ChartKind, v: Visualization) {
  const named = (name: string | undefined) => columns.findIndex((c) => c.name === name);
  let x = named(v.xColumn);
  if (x < 0 && (kind === "timechart" || kind === "anomalychart")) x = columns.findIndex((c) => c.type === "datetime");
  // make-series gives its times as one array.
  if (x < 0) x = Math.max(0, kind === "timechart" || kind === "anomalychart" ? columns.findIndex((c) => c.type === "dynamic" && /time|date/i.test(c.name)) : 0);
  const others = columns.map((_, i) => i).filter((i) => i !== x);
  const pick = (names: string[] | undefined, otherwise: number[]) => {
    const found = (names ?? []).map(named).filter((i) => i >= 0);
    return found.length > 0 ? found : otherwise;
  };
  // Without a name for them, the columns that series_decompose_anomalies adds.
  const odd = kind !== "anomalychart" ? [] : pick(v.anomalyColumns, others.filter((i) => /anomal|flag/i.test(columns[i]!.name)));
  const measured = (i: number) => isNumeric(columns[i]!.type) || columns[i]!.type === "timespan" || (columns[x]!.type === "dynamic" && columns[i]!.type === "dynamic");
  const y = pick(v.yColumns, others.filter((i) => !odd.includes(i) && measured(i)));
  const series = pick(v.series, others.filter((i) => !y.includes(i) && ["string", "guid", "bool"].includes(columns[i]!.type)));
  return { x, y: y.filter((i) => !odd.includes(i)), odd, series: series.filter((i) => !y.includes(i) && !odd.includes(i)) };
}

/** Builds the chart of a result, or says why it cannot be drawn. */
export function buildChart(result: QueryResult, kind: ChartKind): ChartModel | string {
  const v: Visualization = result.visualization ?? { visualization: kind };
  if (result.rows.length === 0) return "The query returned no rows, so there is nothing to draw.";
  const model: ChartModel = {
    kind, title: v.title ?? "", xType: "category", categories: [], series: [],
    xTitle: v.xTitle ?? "", yTitle: v.yTitle ?? "",
    stacking: stackingOf(kind, v.kind),
    legend: v.legend !== "hidden",
    logX: v.xAxis === "log", logY: v.yAxis === "log", yMin: v.yMin, yMax: v.yMax,
    note: instead[v.visualization.toLowerCase()] ?? "", cards: [], anomalies: [], spans: [], boxes: [], flows: [], split: v.ySplit === "axes" || v.ySplit === "panels" ? v.ySplit : "none",
  };
  if (kind === "card") {
    model.cards = result.columns.map((c, i) => ({ name: c.name, value: result.rows[0]![i]!, type: c.type }));
    return model;
  }
  if (kind === "ladderchart" || kind === "timepivot") return withSpans(model, kind === "ladderchart" ? ladder(result) : timePivot(result, v.series));
  if (kind === "treemap") {
    const found = boxes(result);
    return typeof found === "string" ? found : { ...model, boxes: found };
  }
  if (kind === "sankey" || kind === "graph") return withFlows(model, result);
  if (kind === "plotly") {
    const drawn = figure(result);
    return typeof drawn === "string" ? drawn : buildChart(drawn.result, drawn.kind as ChartKind);
  }
  const role = roles(result.columns, kind, v);
  if (role.y.length === 0) return "A chart needs a column of numbers, and the result has none.";
  const xColumn = result.columns[role.x]!;
  model.xTitle ||= xColumn.name;
  model.yTitle ||= role.y.length === 1 ? result.columns[role.y[0]!]!.name : "";
  model.xType = axisType(kind, xColumn.type);
  const unrolled = unroll(result, role);
  fill(model, unrolled, role);
  if (kind === "anomalychart") markAnomalies(model, unrolled, role);
  if (v.accumulate) model.series.forEach(accumulate);
  limit(model);
  return model;
}

function withFlows(model: ChartModel, result: QueryResult): ChartModel | string {
  const found = flows(result);
  if (typeof found === "string") return found;
  if (model.kind === "graph") return { ...model, ...found };
  const { flows: kept, dropped } = withoutCycles(found.flows);
  const back = dropped === 0 ? "" : dropped === 1 ? "1 flow that leads back is not drawn." : `${dropped} flows that lead back are not drawn.`;
  return { ...model, flows: kept, note: [found.note, back].filter(Boolean).join(" ") };
}

/** Lines of a ladder beyond which nobody reads it. */
const maxLines = 60;

function withSpans(model: ChartModel, spans: Span[] | string): ChartModel | string {
  if (typeof spans === "string") return spans;
  const lines = new Set<string>();
  for (const span of spans) if (lines.size < maxLines) lines.add(span.label);
  const kept = spans.filter((span) => lines.has(span.label));
  if (kept.length < spans.length) model.note = `The first ${maxLines} lines are drawn.`;
  return { ...model, xType: "time", categories: [...lines], spans: kept };
}

/** make-series gives whole series in a row; a chart wants a row for each point. */
function unroll(result: QueryResult, role: ReturnType<typeof roles>): QueryResult {
  const arrays = [role.x, ...role.y, ...role.odd].filter((i) => result.columns[i]?.type === "dynamic");
  if (!arrays.includes(role.x)) return result;
  const rows = result.rows.flatMap((row) => {
    const positions = row[role.x];
    if (!Array.isArray(positions)) return [];
    return positions.map((_, n) => row.map((cell, i) => (arrays.includes(i) && Array.isArray(cell) ? (cell[n] ?? null) : cell)));
  });
  const columns = result.columns.map((c, i): ResultColumn => (i === role.x ? { ...c, type: "datetime" } : arrays.includes(i) ? { ...c, type: "real" } : c));
  return { ...result, columns, rows };
}

/** Marks the points of the first measure at which the column of anomalies is not zero. */
function markAnomalies(model: ChartModel, result: QueryResult, role: ReturnType<typeof roles>) {
  const [odd] = role.odd;
  const [y] = role.y;
  if (odd === undefined || y === undefined) return;
  const points: [number | string, number][] = [];
  for (const row of result.rows) {
    const value = toNumber(row[y]!, result.columns[y]!.type);
    if (toNumber(row[odd]!, result.columns[odd]!.type) && Number.isFinite(value)) points.push([position(model.xType, row[role.x]!, result.columns[role.x]!.type), value]);
  }
  model.anomalies = [{ name: result.columns[odd]!.name, points }];
}

function stackingOf(kind: ChartKind, variant: string | undefined): Stacking {
  if (variant === "stacked100") return "stacked100";
  if (variant === "unstacked") return "none";
  if (variant === "stacked" || kind === "stackedareachart") return "stacked";
  // Kusto stacks bars and columns unless told otherwise, and overlays areas.
  return kind === "columnchart" || kind === "barchart" ? "stacked" : "none";
}

function axisType(kind: ChartKind, type: KustoType): ChartModel["xType"] {
  if (kind === "piechart") return "category";
  if (type === "datetime" || (type === "dynamic" && (kind === "timechart" || kind === "anomalychart"))) return "time";
  if ((kind === "scatterchart" || kind === "linechart" || kind === "areachart") && isNumeric(type)) return "number";
  return "category";
}

function fill(model: ChartModel, result: QueryResult, role: ReturnType<typeof roles>) {
  const columns = result.columns;
  const series = new Map<string, Series>();
  const categories = new Set<string>();
  for (const row of result.rows) {
    const x = position(model.xType, row[role.x]!, columns[role.x]!.type);
    if (typeof x === "number" && Number.isNaN(x)) continue;
    if (model.xType === "category") categories.add(String(x));
    const prefix = role.series.map((i) => exactCell(row[i]!) || "(empty)").join(", ");
    for (const y of role.y) {
      const measure = columns[y]!.name;
      const name = !prefix ? measure : role.y.length > 1 ? `${prefix}: ${measure}` : prefix;
      let one = series.get(name);
      if (!one) series.set(name, (one = { name, points: [] }));
      const value = toNumber(row[y]!, columns[y]!.type);
      one.points.push([x, Number.isFinite(value) ? value : null]);
    }
  }
  model.categories = [...categories];
  model.series = [...series.values()];
  if (model.xType !== "category" && model.kind !== "scatterchart") {
    for (const one of model.series) one.points.sort((a, b) => (a[0] as number) - (b[0] as number));
  }
}

function position(type: ChartModel["xType"], cell: Cell, column: KustoType): number | string {
  return type === "category" ? exactCell(cell) || "(empty)" : toNumber(cell, column);
}

function accumulate(series: Series) {
  let sum = 0;
  series.points = series.points.map(([x, y]) => [x, (sum += y ?? 0)]);
}

const note = (model: ChartModel, said: string) => { model.note = [model.note, said].filter(Boolean).join(" "); };

/** Keeps the largest series or slices, and says so. */
function limit(model: ChartModel) {
  const size = (s: Series) => s.points.reduce((sum, [, y]) => sum + Math.abs(y ?? 0), 0);
  if (model.series.length > maxSeries) {
    note(model, `The ${maxSeries} largest of ${model.series.length} series are drawn.`);
    model.series = [...model.series].sort((a, b) => size(b) - size(a)).slice(0, maxSeries);
  }
  const pie = model.series[0];
  if (model.kind === "piechart" && pie && pie.points.length > maxSlices) {
    const points = [...pie.points].sort((a, b) => (b[1] ?? 0) - (a[1] ?? 0));
    const rest = points.slice(maxSlices).reduce((sum, [, y]) => sum + (y ?? 0), 0);
    note(model, `The ${maxSlices} largest of ${points.length} slices are drawn; the others are gathered in one.`);
    pie.points = [...points.slice(0, maxSlices), ["Others", rest]];
  }
}
