import { expect, it } from "vitest";
import type { Backfill } from "../api/types";
import { backfillLeft, backfillRequest, backfillShare, usualForm } from "./backfills";

const running: Backfill = {
  id: "a", tenantId: "t", tenantName: "Wattle Works", from: "2026-08-01T00:00:00Z", to: "2026-08-11T00:00:00Z", state: "running", started: "2026-09-14T08:00:00Z",
  coveredSeconds: 86_400, doneSeconds: 3 * 86_400, open: 7, running: 5, queries: 2, pages: 20, found: 2000, added: 1900, duplicates: 100, missing: [],
};

it("proposes the month up to yesterday", () => {
  expect(usualForm("t", Date.parse("2026-09-14T08:00:00Z"))).toEqual({ tenant: "t", from: "2026-08-14", to: "2026-09-13" });
});

it("asks for whole days, the last included, and for nothing without a span", () => {
  expect(backfillRequest({ tenant: "t", from: "2026-08-01", to: "2026-08-01" })).toEqual({ tenant: "t", from: "2026-08-01T00:00:00.000Z", to: "2026-08-02T00:00:00.000Z" });
  expect(backfillRequest({ tenant: "t", from: "2026-08-02", to: "2026-08-01" })).toBeUndefined();
  expect(backfillRequest({ tenant: "t", from: "", to: "2026-08-01" })).toBeUndefined();
});

it("tells how far it is and how long the rest takes", () => {
  expect(backfillShare(running)).toBeCloseTo(0.3);
  expect(backfillLeft(running, Date.parse("2026-09-14T08:10:00Z"))).toBeCloseTo(2100); // two days took ten minutes, seven are open
  expect(backfillLeft({ ...running, doneSeconds: 86_400 }, Date.parse("2026-09-14T08:10:00Z"))).toBeUndefined();
  expect(backfillLeft({ ...running, state: "done" }, Date.parse("2026-09-14T08:10:00Z"))).toBeUndefined();
});
