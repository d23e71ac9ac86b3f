import type { EChartsCoreOption } from "echarts/core";
import { formatShort } from "../format/number";
import { formatInstant, type Zone } from "../format/time";
import type { ChartModel, Series } from "./model";
import type { Span } from "./spans";

/** Colours of the page, since a canvas does not follow its style sheet. */
export interface Palette { text: string; muted: string; line: string; surface: string; series: string[] }

/** Told apart by people who see colours otherwise, on light and dark ground. */
export const lightSeries = ["#0f6cbd", "#c8553d", "#2f8f6b", "#8a5cc2", "#b8860b", "#3b7f8c", "#a4476f", "#5c6b7a", "#6b8e23", "#994d1a"];
export const darkSeries = ["#62abf5", "#f0886b", "#5fc9a0", "#b79af0", "#e0b64b", "#6fc0cf", "#e08ab0", "#a3b3c2", "#a9cc5c", "#dd9a66"];

/** Turns a model into what ECharts draws. Cards are no chart; see CardView. */
export function chartOptions(model: ChartModel, palette: Palette, zone: Zone): EChartsCoreOption {
  const base: EChartsCoreOption = {
    color: palette.series,
    backgroundColor: "transparent",
    textStyle: { fontFamily: "inherit", color: palette.text },
    animationDuration: 250,
    aria: { enabled: true },
    title: model.title ? { text: model.title, left: "center", top: 4, textStyle: { color: palette.text, fontSize: 14, fontWeight: 600 } } : undefined,
    legend: legend(model, palette),
  };
  switch (model.kind) {
    case "piechart":
      return { ...base, ...pie(model, palette) };
    case "treemap":
      return { ...base, ...treemap(model, palette) };
    case "sankey":
      return { ...base, ...sankey(model, palette) };
    case "graph":
      return { ...base, ...graph(model, palette) };
    case "ladderchart":
    case "timepivot":
      return { ...base, ...timeLines(model, palette, zone) };
  }
  return { ...base, ...(model.split === "panels" && model.series.length > 1 ? panels(model, palette, zone) : axes(model, palette, zone)) };
}

function legend(model: ChartModel, palette: Palette) {
  const count = model.kind === "piechart" ? (model.series[0]?.points.length ?? 0) : model.series.length;
  return {
    show: model.legend && count > 1,
    type: "scroll", bottom: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8,
    textStyle: { color: palette.text }, pageTextStyle: { color: palette.muted }, pageIconColor: palette.text,
  };
}

function tooltip(palette: Palette) {
  return {
    backgroundColor: palette.surface, borderColor: palette.line, textStyle: { color: palette.text, fontSize: 12 }, confine: true,
  };
}

function pie(model: ChartModel, palette: Palette): EChartsCoreOption {
  const points = model.series[0]?.points ?? [];
  return {
    tooltip: { ...tooltip(palette), trigger: "item" },
    series: [{
      type: "pie", radius: ["42%", "70%"], center: ["50%", "46%"], minAngle: 2,
      itemStyle: { borderColor: palette.surface, borderWidth: 2 },
      label: { color: palette.text, formatter: "{b}: {d}%" }, labelLine: { lineStyle: { color: palette.muted } },
      data: points.map(([name, value]) => ({ name: String(name), value: value ?? 0 })),
    }],
  };
}

/** The things that flows join, and how much flows through each. */
function things(model: ChartModel): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const f of model.flows) for (const name of [f.from, f.to]) sizes.set(name, (sizes.get(name) ?? 0) + f.value);
  return sizes;
}

function sankey(model: ChartModel, palette: Palette): EChartsCoreOption {
  return {
    tooltip: { ...tooltip(palette), trigger: "item" },
    series: [{
      type: "sankey", left: 24, right: 160, top: model.title ? 44 : 20, bottom: 20, nodeGap: 10, draggable: false, emphasis: { focus: "adjacency" },
      label: { color: palette.text, width: 150, overflow: "truncate" }, lineStyle: { color: "source", opacity: 0.35 },
      data: [...things(model).keys()].map((name) => ({ name })), links: model.flows.map((f) => ({ source: f.from, target: f.to, value: f.value })),
    }],
  };
}

function graph(model: ChartModel, palette: Palette): EChartsCoreOption {
  const sizes = things(model);
  const most = Math.max(1, ...sizes.values());
  return {
    tooltip: { ...tooltip(palette), trigger: "item" },
    series: [{
      // In a circle: it needs no animation to come to rest, and is the same each time.
      type: "graph", layout: "circular", circular: { rotateLabel: true }, roam: true, edgeSymbol: ["none", "arrow"], edgeSymbolSize: 7, emphasis: { focus: "adjacency" },
      label: { show: true, position: "right", color: palette.text, width: 140, overflow: "truncate" }, lineStyle: { color: "source", curveness: 0.2, opacity: 0.6 },
      data: [...sizes].map(([name, value], i) => ({ name, value, symbolSize: 8 + 24 * Math.sqrt(value / most), itemStyle: { color: colour(palette, i) } })),
      links: model.flows.map((f) => ({ source: f.from, target: f.to, value: f.value })),
    }],
  };
}

function axes(model: ChartModel, palette: Palette, zone: Zone): EChartsCoreOption {
  const horizontal = model.kind === "barchart";
  const position = positionAxis(model, palette, zone, horizontal);
  const value = valueAxis(model, palette);
  const shares = model.stacking === "stacked100" ? percent(model.series) : model.series;
  const split = model.split === "axes" && !horizontal && model.series.length > 1;
  return {
    grid: { left: 16, right: split ? 28 + Math.max(0, model.series.length - 2) * 52 : 28, top: model.title ? 52 : 32, bottom: below(model), containLabel: true },
    tooltip: { ...tooltip(palette), trigger: model.kind === "scatterchart" ? "item" : "axis", axisPointer: { type: pointer(model) } },
    xAxis: horizontal ? value : position,
    yAxis: split ? model.series.map((one, i) => ownAxis(value, one, i)) : horizontal ? { ...position, inverse: true } : value,
    useUTC: zone === "utc",
    dataZoom: model.xType === "time" ? [{ type: "inside", filterMode: "none" }] : undefined,
    series: [
      ...shares.map((one, i) => ({ ...oneSeries(one, model, horizontal), ...(split && { yAxisIndex: i, stack: undefined }) })),
      ...model.anomalies.map((odd) => ({ type: "scatter", name: odd.name, data: odd.points, symbolSize: 11, itemStyle: { color: "#d13438", borderColor: palette.surface, borderWidth: 1.5 }, z: 5 })),
    ],
  };
}

/** The axis of one measure: the first at the left, the others at the right, side by side. */
function ownAxis(value: ReturnType<typeof valueAxis>, one: Series, i: number) {
  return { ...value, name: one.name, position: i === 0 ? "left" : "right", offset: Math.max(0, i - 1) * 52, splitLine: { ...value.splitLine, show: i === 0 } };
}

/** A chart for each measure, one below the other, over the same position. */
function panels(model: ChartModel, palette: Palette, zone: Zone): EChartsCoreOption {
  const n = model.series.length;
  const height = 88 / n;
  const position = positionAxis(model, palette, zone, false);
  return {
    tooltip: { ...tooltip(palette), trigger: "axis" }, axisPointer: { link: [{ xAxisIndex: "all" }] }, useUTC: zone === "utc",
    grid: model.series.map((_, i) => ({ left: 60, right: 28, top: `${4 + i * height + height * 0.2}%`, height: `${height * 0.6}%` })),
    xAxis: model.series.map((_, i) => ({ ...position, gridIndex: i, name: "", axisLabel: { ...position.axisLabel, show: i === n - 1 } })),
    yAxis: model.series.map((one, i) => ({ ...valueAxis(model, palette), gridIndex: i, name: one.name, splitNumber: 3 })),
    series: model.series.map((one, i) => ({ ...oneSeries(one, model, false), xAxisIndex: i, yAxisIndex: i, stack: undefined })),
  };
}

function treemap(model: ChartModel, palette: Palette): EChartsCoreOption {
  return {
    tooltip: { ...tooltip(palette), formatter: ({ name, value }: { name: string; value: number }) => `${escape(name)}: ${formatShort(value)}` },
    series: [{
      type: "treemap", data: model.boxes, roam: false, nodeClick: "zoomToNode", breadcrumb: { show: false }, width: "96%", height: "88%", top: model.title ? 44 : 16,
      label: { formatter: ({ name, value }: { name: string; value: number }) => `${name}\n${formatShort(value)}`, color: "#fff" },
      upperLabel: { show: model.boxes.some((b) => b.children), height: 22, color: "#fff" }, itemStyle: { borderColor: palette.surface, borderWidth: 2, gapWidth: 2 },
    }],
  };
}

/** What ECharts puts into a tooltip is HTML, and names are written by attackers. */
const escape = (text: string) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** Stretches, or instants, of time on a line each. */
function timeLines(model: ChartModel, palette: Palette, zone: Zone): EChartsCoreOption {
  const groups = [...new Set(model.spans.map((s) => s.group))];
  const instants = model.kind === "timepivot";
  return {
    legend: { show: false }, useUTC: zone === "utc",
    grid: { left: 16, right: 28, top: model.title ? 48 : 20, bottom: 14, containLabel: true },
    tooltip: {
      ...tooltip(palette), trigger: "item",
      formatter: ({ dataIndex }: { dataIndex: number }) => ((s: Span) => `${escape(s.label)}<br/>${instant(s.from, zone)}${instants ? "" : ` – ${instant(s.to, zone)}`}`)(model.spans[dataIndex]!),
    },
    xAxis: { ...positionAxis(model, palette, zone, false), type: "time", data: undefined },
    yAxis: { type: "category", data: model.categories, inverse: true, axisTick: { show: false }, axisLine: { lineStyle: { color: palette.line } }, axisLabel: { color: palette.muted, width: 240, overflow: "truncate" }, splitLine: { show: true, lineStyle: { color: palette.line, opacity: 0.4 } } },
    series: [instants
      ? { type: "scatter", symbolSize: 9, data: model.spans.map((s) => ({ value: [s.from, s.label], itemStyle: { opacity: 0.7, color: colour(palette, groups.indexOf(s.group)) } })) }
      : { type: "custom", renderItem: bar, encode: { x: [0, 1], y: 2 }, data: model.spans.map((s) => ({ value: [s.from, s.to, model.categories.indexOf(s.label)], itemStyle: { color: colour(palette, groups.indexOf(s.group)) } })) }],
  };
}

const colour = (palette: Palette, i: number) => palette.series[i % palette.series.length]!;
const instant = (at: number, zone: Zone) => formatInstant(new Date(at).toISOString(), zone);

interface BarApi { value: (i: number) => number; coord: (p: [number, number]) => [number, number]; size: (p: [number, number]) => [number, number]; style: () => object }

/** A bar from the beginning to the end of a stretch, never thinner than can be seen. */
function bar(_: unknown, api: BarApi) {
  const [from, y] = api.coord([api.value(0), api.value(2)]);
  const [to] = api.coord([api.value(1), api.value(2)]);
  const height = Math.min(24, api.size([0, 1])[1] * 0.6);
  return { type: "rect", shape: { x: from, y: y - height / 2, width: Math.max(3, to - from), height, r: 2 }, style: api.style() };
}

/** Room for the legend and for the name of the axis, which lies outside. */
const below = (model: ChartModel) => 14 + (model.series.length > 1 && model.legend ? 26 : 0) + (axisName(model) ? 20 : 0);

/** A time axis explains itself; a bar chart has its names at the left. */
const axisName = (model: ChartModel) => (model.xType === "time" || model.kind === "barchart" ? "" : model.xTitle);

const pointer = (model: ChartModel) => (model.kind === "columnchart" || model.kind === "barchart" ? "shadow" : "line");

/** A day says which month it is of: a number alone could be anything. */
const timeLabels = { year: "{yyyy}", month: "{MMM} {yyyy}", day: "{d} {MMM}", hour: "{HH}:{mm}", minute: "{HH}:{mm}", second: "{HH}:{mm}:{ss}" };

/** The steps of columns of days are days: there is nothing at noon. */
function shortest(model: ChartModel): number | undefined {
  const day = 86_400_000;
  const times = model.series.flatMap((one) => one.points.map(([x]) => Number(x)));
  return model.kind === "columnchart" && times.length > 0 && times.every((t) => t % day === 0) ? day : undefined;
}

function positionAxis(model: ChartModel, palette: Palette, zone: Zone, horizontal: boolean) {
  const type = model.xType === "time" ? "time" : model.xType === "number" ? (model.logX ? "log" : "value") : "category";
  return {
    type, data: type === "category" ? model.categories : undefined,
    name: axisName(model), nameLocation: "middle", nameGap: 28, nameTextStyle: { color: palette.muted },
    boundaryGap: type === "category" ? true : model.kind === "columnchart" ? ["2%", "2%"] : false,
    axisLine: { lineStyle: { color: palette.line } }, axisTick: { show: false },
    axisLabel: { color: palette.muted, hideOverlap: true, width: horizontal ? 180 : 120, overflow: "truncate", ...(type === "time" && { formatter: timeLabels }) },
    ...(type === "time" && { minInterval: shortest(model) }),
    axisPointer: { label: { formatter: model.xType === "time" ? ({ value }: { value: unknown }) => formatInstant(new Date(Number(value)).toISOString(), zone) : undefined } },
    splitLine: { show: false }, scale: model.kind === "scatterchart",
  };
}

function valueAxis(model: ChartModel, palette: Palette) {
  return {
    type: model.logY ? "log" : "value",
    name: model.kind === "barchart" ? "" : model.yTitle, nameTextStyle: { color: palette.muted, align: "left" }, nameGap: 10,
    min: model.yMin, max: model.stacking === "stacked100" ? 100 : model.yMax,
    axisLabel: { color: palette.muted, formatter: (n: number) => (model.stacking === "stacked100" ? `${n}%` : formatShort(n)) },
    splitLine: { lineStyle: { color: palette.line, opacity: 0.6 } }, scale: model.kind === "scatterchart",
  };
}

function oneSeries(one: Series, model: ChartModel, horizontal: boolean) {
  const line = model.kind === "timechart" || model.kind === "anomalychart" || model.kind === "linechart";
  const area = model.kind === "areachart" || model.kind === "stackedareachart";
  const data = horizontal ? one.points.map(([x, y]) => [y, x]) : one.points;
  const stack = model.stacking === "none" ? undefined : "all";
  if (model.kind === "scatterchart") return { type: "scatter", name: one.name, data, symbolSize: 8, itemStyle: { opacity: 0.75 } };
  if (line || area) {
    return {
      type: "line", name: one.name, data, stack, showSymbol: one.points.length < 2, lineStyle: { width: 2 },
      areaStyle: area ? { opacity: stack ? 0.55 : 0.22 } : undefined, emphasis: { focus: "series" }, sampling: "lttb",
    };
  }
  return { type: "bar", name: one.name, data, stack, barMaxWidth: 36, emphasis: { focus: "series" }, itemStyle: { borderRadius: stack ? 0 : 2 } };
}

/** Shares of the sum at each position, in per cent. */
function percent(series: Series[]): Series[] {
  const sums = new Map<number | string, number>();
  for (const { points } of series) for (const [x, y] of points) sums.set(x, (sums.get(x) ?? 0) + Math.abs(y ?? 0));
  return series.map(({ name, points }) => ({
    name,
    points: points.map(([x, y]) => [x, y === null ? null : Math.round((Math.abs(y) / (sums.get(x) || 1)) * 10_000) / 100]),
  }));
}
