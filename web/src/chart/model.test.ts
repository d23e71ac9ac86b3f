import { describe, expect, it } from "vitest";
import type { QueryResult, ResultColumn, Visualization } from "../api/types";
import { buildChart, kindOf, suggestKind, whyTable, type ChartModel } from "./model";
import { chartOptions, lightSeries } from "./options";

const columns = (spec: string) =>
  spec.split(" ").map((part) => {
    const [name, type] = part.split(":");
    return { name, type } as ResultColumn;
  });

function result(spec: string, rows: QueryResult["rows"], visualization: Partial<Visualization> & { visualization: string }): QueryResult {
  return { columns: columns(spec), rows, visualization, statistics: { elapsedMilliseconds: 1, rowsReturned: rows.length } };
}

function chart(r: QueryResult): ChartModel {
  const model = buildChart(r, kindOf(r.visualization)!);
  if (typeof model === "string") throw new Error(model);
  return model;
}

describe("chart model", () => {
  const hour = (h: number) => `2026-09-14T0${h}:00:00.0000000Z`;
  const ms = (h: number) => Date.parse(hour(h));

  it("draws one line per text value over the first datetime, in order of time", () => {
    const model = chart(result("Workload:string At:datetime Events:long", [
      ["Exchange", hour(2), 5], ["Exchange", hour(1), 4], ["Teams", hour(1), 1],
    ], { visualization: "timechart" }));
    expect(model.xType).toBe("time");
    expect(model.series).toEqual([
      { name: "Exchange", points: [[ms(1), 4], [ms(2), 5]] },
      { name: "Teams", points: [[ms(1), 1]] },
    ]);
    expect(model.yTitle).toBe("Events");
  });

  it("makes a series of every number when there is no text", () => {
    const model = chart(result("Op:string Count:long Share:real", [["a", 1, 0.5], ["b", 2, null]], { visualization: "columnchart" }));
    expect(model.categories).toEqual(["a", "b"]);
    expect(model.series.map((s) => s.name)).toEqual(["Count", "Share"]);
    expect(model.series[1]!.points).toEqual([["a", 0.5], ["b", null]]);
    expect(model.stacking).toBe("stacked");
  });

  it("follows the columns that render names", () => {
    const model = chart(result("A:long B:long C:string", [[1, 2, "x"]], { visualization: "linechart", xColumn: "B", yColumns: ["A"], series: ["C"] }));
    expect(model.series).toEqual([{ name: "x", points: [[2, 1]] }]);
  });

  it("accumulates, and unstacks when asked", () => {
    const model = chart(result("K:string N:long", [["a", 1], ["b", 2]], { visualization: "columnchart", kind: "unstacked", accumulate: true }));
    expect(model.series[0]!.points).toEqual([["a", 1], ["b", 3]]);
    expect(model.stacking).toBe("none");
  });

  it("marks anomalies, and takes make-series as it comes", () => {
    const model = chart(result("TimeGenerated:dynamic Events:dynamic Anomalies:dynamic", [[[hour(1), hour(2), hour(3)], [5, 50, 6], [0, 1, 0]]], { visualization: "anomalychart" }));
    expect(model.xType).toBe("time");
    expect(model.series).toEqual([{ name: "Events", points: [[ms(1), 5], [ms(2), 50], [ms(3), 6]] }]);
    expect(model.anomalies).toEqual([{ name: "Anomalies", points: [[ms(2), 50]] }]);
  });

  it("draws stretches of time, and says what it lacks for them", () => {
    const rows = [["mara", hour(1), hour(3)], ["kai", hour(4), hour(2)]];
    const model = chart(result("Who:string Begin:datetime End:datetime", rows, { visualization: "ladderchart" }));
    expect(model.spans).toEqual([{ label: "mara", from: ms(1), to: ms(3), group: "mara" }, { label: "kai", from: ms(2), to: ms(4), group: "kai" }]);
    expect(model.categories).toEqual(["mara", "kai"]);
    expect(buildChart(result("Who:string", [["a"]], { visualization: "ladderchart" }), "ladderchart")).toMatch(/two datetimes/);
    const pivot = chart(result("At:datetime Who:string What:string", [[hour(1), "mara", "Send"]], { visualization: "timepivot", series: ["Who"] }));
    expect(pivot.spans).toEqual([{ label: "mara", from: ms(1), to: ms(1), group: "mara" }]);
  });

  it("nests the boxes of a treemap", () => {
    const model = chart(result("Workload:string Op:string N:long", [["Exchange", "Send", 3], ["Exchange", "Read", 1], ["Teams", "Post", 2]], { visualization: "treemap" }));
    expect(model.boxes).toEqual([
      { name: "Exchange", value: 4, children: [{ name: "Send", value: 3 }, { name: "Read", value: 1 }] }, { name: "Teams", value: 2, children: [{ name: "Post", value: 2 }] },
    ]);
  });

  it("gives every measure an axis or a chart of its own when asked", () => {
    const r = (ySplit: string) => chart(result("At:datetime A:long B:long", [[hour(1), 1, 200]], { visualization: "timechart", ySplit }));
    const palette = { text: "#000", muted: "#666", line: "#ddd", surface: "#fff", series: lightSeries };
    expect((chartOptions(r("axes"), palette, "utc") as { yAxis: unknown[] }).yAxis).toHaveLength(2);
    expect((chartOptions(r("panels"), palette, "utc") as { grid: unknown[] }).grid).toHaveLength(2);
  });

  it("gathers small slices and says so", () => {
    const rows = Array.from({ length: 30 }, (_, i) => [`op${i}`, 30 - i]);
    const model = chart(result("Op:string N:long", rows, { visualization: "piechart" }));
    expect(model.series[0]!.points).toHaveLength(25);
    expect(model.series[0]!.points.at(-1)).toEqual(["Others", 1 + 2 + 3 + 4 + 5 + 6]);
    expect(model.note).toContain("24 largest of 30");
  });

  it("keeps a long beyond 2^53 as a number near it and skips what is no time", () => {
    const model = chart(result("At:datetime N:long", [[hour(1), "9223372036854775807"], [null, 1]], { visualization: "timechart" }));
    expect(model.series[0]!.points).toEqual([[ms(1), 9223372036854775807]]);
  });

  it("says why it cannot draw", () => {
    expect(buildChart(result("A:string", [["x"]], { visualization: "piechart" }), "piechart")).toMatch(/column of numbers/);
    expect(buildChart(result("A:long", [], { visualization: "piechart" }), "piechart")).toMatch(/no rows/);
  });

  it("knows what render kinds it draws and what suits a result", () => {
    // As kql/bind takes them after render.
    const all = ["table", "list", "barchart", "piechart", "ladderchart", "timechart", "linechart", "anomalychart", "pivotchart", "areachart", "stackedareachart", "scatterchart", "timepivot", "columnchart", "timeline", "3Dchart", "card", "treemap", "plotly", "graph", "sankey"];
    expect(all.filter((name) => !kindOf({ visualization: name }))).toEqual(["table", "list"]);
    expect(all.map((name) => whyTable({ visualization: name })).filter(Boolean)).toEqual(["render list is shown as a table."]);
    expect(kindOf({ visualization: "pivotchart" })).toBe("columnchart");
    expect(chart(result("Op:string N:long", [["a", 1]], { visualization: "3Dchart" })).note).toMatch(/drawn as columns/);
    expect(kindOf({ visualization: "table" })).toBeUndefined();
    expect(kindOf(null)).toBeUndefined();
    expect(suggestKind(columns("At:datetime N:long"))).toBe("timechart");
    expect(suggestKind(columns("Op:string N:long"))).toBe("columnchart");
    expect(suggestKind(columns("Op:string"))).toBeUndefined();
  });
});

describe("chart options", () => {
  const palette = { text: "#000", muted: "#666", line: "#ddd", surface: "#fff", series: lightSeries };

  it("turns bars on their side and shares into per cent", () => {
    const model = chart(result("Op:string W:string N:long", [["a", "x", 1], ["a", "y", 3]], { visualization: "barchart", kind: "stacked100" }));
    const options = chartOptions(model, palette, "utc") as { series: { data: unknown }[]; xAxis: { max: number }; yAxis: { type: string } };
    expect(options.series.map((s) => s.data)).toEqual([[[25, "a"]], [[75, "a"]]]);
    expect(options.xAxis.max).toBe(100);
    expect(options.yAxis.type).toBe("category");
  });
});
