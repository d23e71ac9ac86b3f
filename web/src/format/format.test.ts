import { describe, expect, it } from "vitest";
import { formatBytes, formatElapsed } from "./number";
import { formatAgo, formatDuration, formatInstant } from "./time";
import { exactCell, formatCell, parseTimespan, toNumber } from "./value";

describe("cells", () => {
  it("writes each type for reading", () => {
    expect(formatCell(null, "long", "utc")).toBe("");
    expect(formatCell(false, "bool", "utc")).toBe("false");
    expect(formatCell(0.1 + 0.2, "real", "utc")).toBe("0.3");
    expect(formatCell("NaN", "real", "utc")).toBe("NaN");
    expect(formatCell("9223372036854775807", "long", "utc")).toBe("9223372036854775807");
    expect(formatCell({ a: [1, null] }, "dynamic", "utc")).toBe('{"a":[1,null]}');
    expect(formatCell("2026-09-14T08:22:33.0010000Z", "datetime", "utc")).toBe("2026-09-14 08:22:33.001");
  });
  it("writes exactly for other programs", () => {
    expect(exactCell(0.1 + 0.2)).toBe("0.30000000000000004");
    expect(exactCell("2026-09-14T08:22:33.0010000Z")).toBe("2026-09-14T08:22:33.0010000Z");
    expect(exactCell(null)).toBe("");
  });
  it("reads timespans", () => {
    expect(parseTimespan("1.02:03:04.0000005")).toBe(((26 * 60 + 3) * 60 + 4) * 1e7 + 5);
    expect(parseTimespan("-00:00:01")).toBe(-1e7);
    expect(parseTimespan("soon")).toBeNaN();
    expect(toNumber("00:00:02.5000000", "timespan")).toBe(2.5);
  });
});

describe("times", () => {
  it("keeps the digits that say something", () => {
    expect(formatInstant("2026-09-14T08:22:33.0000000Z", "utc")).toBe("2026-09-14 08:22:33");
    expect(formatInstant("2026-09-14T08:22:33.0000001Z", "utc")).toBe("2026-09-14 08:22:33.0000001");
    expect(formatInstant("no time", "utc")).toBe("no time");
  });
  it("writes lengths in two units", () => {
    expect([12, 190, 7500, 86_400 * 3 + 3600 * 4 + 59].map(formatDuration)).toEqual(["12 s", "3 min 10 s", "2 h 5 min", "3 d 4 h"]);
  });
  it("tells how long ago", () => {
    const now = Date.parse("2026-09-14T08:00:00Z");
    expect(formatAgo("2026-09-14T07:56:00Z", now)).toBe("4 min ago");
    expect(formatAgo("2026-09-14T07:59:58Z", now)).toBe("just now");
    expect(formatAgo("2026-09-16T09:00:00Z", now)).toBe("in 2 d");
  });
});

describe("numbers", () => {
  it("writes sizes and lengths of work", () => {
    expect([17, 3_145_728, 318_767_104].map(formatBytes)).toEqual(["17 B", "3.0 MB", "304 MB"]);
    expect([0.84, 12.5, 1240, 125_000].map(formatElapsed)).toEqual(["0.8 ms", "13 ms", "1.24 s", "2 min 5 s"]);
  });
});
