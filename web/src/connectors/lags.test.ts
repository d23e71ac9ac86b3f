import { expect, it } from "vitest";
import type { Lags } from "../api/types";
import { lagLines, usualLag } from "./lags";

const lags: Lags = {
  hour: {},
  day: {
    availableToJournalled: { records: 9, p50Seconds: 20, p90Seconds: 40, p99Seconds: 100, maxSeconds: 130 },
    eventToVisible: { records: 9, p50Seconds: 190, p90Seconds: 400, p99Seconds: 7500, maxSeconds: 9000 },
  },
};

it("says what is usual, and each stage that was measured", () => {
  expect(usualLag(lags)).toBe("median 3 min 10 s · 99% 2 h 5 min");
  expect(lagLines(lags)?.split("\n")).toEqual([
    "How long records take, over the last day",
    "until it is fetched: half within 20 s, 90% 40 s, 99% 1 min 40 s, at most 2 min 10 s",
    "all of it: half within 3 min 10 s, 90% 6 min 40 s, 99% 2 h 5 min, at most 2 h 30 min",
  ]);
});

it("says nothing where nothing was measured", () => {
  expect(usualLag(undefined)).toBe("");
  expect(lagLines(undefined)).toBeUndefined();
  expect(lagLines({ hour: {}, day: {} })).toBeUndefined();
});
