// Components as they are first drawn, without a browser: what the parts of all pages
// say in each of their states, and how little a grid draws.
import { SSRProvider } from "@fluentui/react-components";
import { createElement, type ReactElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, it } from "vitest";
import { ApiError } from "../api/client";
import type { Resource } from "../api/useResource";
import type { Cell, ResultTable, Schema } from "../api/types";
import { Grid } from "../grid/Grid";
import { JsonTree } from "../grid/JsonTree";
import { RowDetails } from "../grid/RowDetails";
import { Timeline } from "../incidents/Timeline";
import { SidePanel } from "../logs/SidePanel";
import { EmptyView, FailureView, LoadingRows, NoPermission, StaleBar } from "../ui/states";

const draw = (element: ReactElement) => renderToStaticMarkup(createElement(SSRProvider, null, element));
const nothing = () => {};

describe("grid", () => {
  const rows: Cell[][] = Array.from({ length: 1_000_000 }, (_, i) => [i, `user${i % 977}`, i % 3 === 0 ? null : { a: [i] }]);
  const table: ResultTable = { columns: [{ name: "N", type: "long" }, { name: "Who", type: "string" }, { name: "What", type: "dynamic" }], rows };
  it("draws what is in sight of a million rows, and says how many there are", () => {
    const markup = draw(createElement(Grid, { table }));
    expect(markup).toContain('aria-rowcount="1000001" aria-colcount="3"');
    const drawn = markup.match(/role="row"/g)!.length;
    expect(drawn).toBeGreaterThan(10);
    expect(drawn).toBeLessThan(40);
    expect(markup).toContain("{&quot;a&quot;:[1]}");
  });
  it("shows a group as its value and its rows, and a pinned column apart", () => {
    const groups = [{ level: 0, column: 1, value: "user7", rows: 1024, path: '"user7"', open: false }];
    const markup = draw(createElement(Grid, { table, order: Int32Array.from([-1, 7]), groups, columns: [2, 0], pinned: 1 }));
    expect(markup).toMatch(/aria-expanded="false".*Who.*user7.*1,024/);
    expect(markup.match(/class="grid-pinned"/g)).toHaveLength(2);
  });
  it("opens a row with its values as text and as trees", () => {
    const markup = draw(createElement(RowDetails, { table, order: Uint32Array.from([0, 1, 2]), row: 1, onRow: nothing, onClose: nothing }));
    expect(markup).toContain("user1");
    expect(markup).toMatch(/role="tree".*aria-expanded="true"/);
  });
});

it("a tree opens its first level, and a long one piece by piece", () => {
  const markup = draw(createElement(JsonTree, { value: { deep: { er: 1 }, none: null, list: Array.from({ length: 3 }, () => "x") } }));
  expect(markup.match(/aria-expanded="true"/g)).toHaveLength(1);
  expect(markup).toContain("{ 1 item }");
  expect(markup).toContain("[ 3 items ]");
  expect(draw(createElement(JsonTree, { value: Array.from({ length: 250 }, (_, i) => i) }))).toContain("… 150");
});

describe("states", () => {
  const error = new ApiError("internal", "Something failed inside Quoll.", [], "0123456789abcdef");
  it("say what is the matter, and what one can do", () => {
    expect(draw(createElement(EmptyView, { title: "No rules", detail: "Import some." }))).toMatch(/<h2>No rules<\/h2><p>Import some\.<\/p>/);
    expect(draw(createElement(FailureView, { error, onRetry: nothing }))).toMatch(/role="alert".*That did not work.*Something failed inside Quoll.*0123456789abcdef.*Try again/);
    expect(draw(createElement(FailureView, { error: new ApiError("forbidden", "that takes the role Administrator") }))).toMatch(/Not allowed.*that takes the role Administrator/);
    expect(draw(createElement(NoPermission, { role: "Administrator" }))).toMatch(/Not for your role.*role Administrator/);
    expect(draw(createElement(StaleBar, { error, onRetry: nothing }))).toMatch(/may be out of date.*Try again/);
    expect(draw(createElement(StaleBar, { error: undefined, onRetry: nothing }))).toBe("");
    expect(draw(createElement(LoadingRows, { rows: 2 }))).toContain('aria-label="Loading…"');
  });
  it("are those of the tables beside the editor, too", () => {
    const panel = (schema: Partial<Resource<Schema>>) => draw(createElement(SidePanel, { schema: { data: undefined, error: undefined, reload: nothing, ...schema } as Resource<Schema>, onInsert: nothing, onOpen: nothing, onClose: nothing }));
    expect(panel({})).toContain('aria-label="Loading…"');
    expect(panel({ error })).toMatch(/role="alert".*Something failed inside Quoll.*Try again/);
    expect(panel({ data: { tables: [] } as unknown as Schema })).toContain("There is no table yet");
  });
  it("are those of a story without an entry", () => {
    expect(draw(createElement(Timeline, { entries: [], onAlert: nothing }))).toContain("state-view");
    const entries = [{ time: "2026-09-14T08:00:00Z", kind: "alert", title: "Mail forwards", severity: "High", alertId: "a" }];
    expect(draw(createElement(Timeline, { entries, onAlert: nothing } as unknown as Parameters<typeof Timeline>[0]))).toMatch(/2026-09-14 08:00:00.*link-button.*Mail forwards.*High/);
  });
});
