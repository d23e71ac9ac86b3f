import { expect, test } from "vitest";
import type { QueryResult } from "../api/types";
import { figure, flows, withoutCycles } from "./flows";
import { buildChart, kindOf } from "./model";

const result = (columns: [string, string][], rows: unknown[][], kind = "sankey") =>
  ({ columns: columns.map(([name, type]) => ({ name, type })), rows, visualization: { visualization: kind } }) as unknown as QueryResult;

test("rows flow through their texts, and equal flows are one", () => {
  const found = flows(result([["From", "string"], ["Through", "string"], ["To", "string"], ["N", "long"]], [["a", "b", "c", 2], ["a", "b", "d", 3]]));
  expect(found).toEqual({ flows: [{ from: "a", to: "b", value: 5 }, { from: "b", to: "d", value: 3 }, { from: "b", to: "c", value: 2 }], note: "" });
  expect(flows(result([["From", "string"], ["N", "long"]], [["a", 1]]))).toMatch(/two columns of text/);
});

test("a sankey has no flow that leads back, and says so", () => {
  expect(withoutCycles([{ from: "a", to: "b", value: 9 }, { from: "b", to: "c", value: 5 }, { from: "c", to: "a", value: 1 }, { from: "d", to: "d", value: 1 }])).toEqual({
    flows: [{ from: "a", to: "b", value: 9 }, { from: "b", to: "c", value: 5 }], dropped: 2,
  });
  const model = buildChart(result([["From", "string"], ["To", "string"]], [["a", "b"], ["b", "a"]]), "sankey");
  expect(typeof model === "string" ? model : [model.flows.length, model.note]).toEqual([1, "1 flow that leads back is not drawn."]);
  const graph = buildChart(result([["From", "string"], ["To", "string"]], [["a", "b"], ["b", "a"]], "graph"), "graph");
  expect(typeof graph === "string" ? graph : graph.flows.length).toBe(2);
});

test("a figure of plotly is drawn as what it shows", () => {
  const plotly = (data: unknown[], layout = {}) => result([["plotly", "string"]], [[JSON.stringify({ data, layout })]], "plotly");
  expect(kindOf({ visualization: "plotly" })).toBe("plotly");
  const bars = buildChart(plotly([{ type: "bar", x: ["a", "b"], y: [1, 2], name: "n" }, { type: "bar", x: ["a"], y: [3], name: "m" }], { title: { text: "Bars" } }), "plotly");
  expect(typeof bars === "string" ? bars : [bars.kind, bars.title, bars.series.map((s) => s.name)]).toEqual(["columnchart", "Bars", ["n", "m"]]);
  const line = figure(plotly([{ x: ["2026-09-14", "2026-09-15"], y: [1, 2], mode: "lines" }]));
  expect(typeof line === "string" ? line : [line.kind, line.result.columns[0]!.type]).toEqual(["linechart", "datetime"]);
  expect(figure(plotly([{ type: "surface", z: [[1]] }]))).toMatch(/surface/);
  expect(figure(result([["x", "string"]], [["no JSON"]]))).toMatch(/no figure/);
});
