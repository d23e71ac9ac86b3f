import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { expect, it } from "vitest";
import type { GapRow } from "../api/types";
import { GapGrid } from "./GapGrid";
import { columnsUpTo } from "./gaps";

const counts = { listed: 4, journalled: 3, expired: 1, records: 120, bytes: 2048 };

const rows: GapRow[] = [
  {
    source: "activity", tenantId: "t", tenantName: "Wattle Works", contentType: "Audit.Exchange", since: null,
    cells: [
      { time: "2026-09-14T06:00:00Z", state: "complete", ...counts },
      { time: "2026-09-14T07:00:00Z", state: "lost", detail: "1 blob expired before being fetched", ...counts },
      { time: "2026-09-14T08:00:00Z", state: "waiting", ...counts },
    ],
  },
  { source: "blobexport", tenantId: "t", contentType: "EmailEvents", since: null, cells: [] },
];

const markup = renderToStaticMarkup(createElement(GapGrid, {
  rows, zoom: "hours", columns: columnsUpTo("hours", Date.parse("2026-09-14T08:22:00Z")), onZoom: () => {}, onZoomOut: () => {},
}));
const cells = markup.match(/<td[^>]*>[^<]*<\/td>/g) ?? [];

it("draws a cell for every row and column, with a letter beside the colour", () => {
  expect(cells).toHaveLength(2 * 48);
  expect(cells.filter((c) => c.endsWith(">X</td>") && c.includes("gap-lost"))).toHaveLength(1);
  expect(cells.filter((c) => c.endsWith(">W</td>") && c.includes("gap-waiting"))).toHaveLength(1);
  expect(cells.filter((c) => c.includes("gap-complete"))).toHaveLength(1);
  expect(cells.filter((c) => c.includes("gap-none"))).toHaveLength(96 - 3);
});

it("tells everything to those who do not see it", () => {
  const lost = cells.find((c) => c.includes("gap-lost"))!;
  expect(lost).toContain('aria-label="Audit.Exchange, 2026-09-14 07:00–08:00 UTC: Lost. 3 of 4 blobs kept. 1 lost. 120 records, 2.0 KB. 1 blob expired before being fetched"');
  expect(markup).toContain('role="grid"');
});

it("has one place in the tab order", () => {
  expect(cells.filter((c) => c.includes('tabindex="0"'))).toHaveLength(1);
});
