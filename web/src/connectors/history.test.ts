import { expect, it } from "vitest";
import { hourly } from "./history";

it("keeps hours without records, adds up within an hour, and leaves older ones out", () => {
  const at = (time: string, records: number) => ({ time: `2026-09-14T${time}:00Z`, records });
  const counts = hourly([at("01:00", 9), at("05:00", 2), at("05:30", 3), at("08:00", 7), at("09:00", 1)], Date.parse("2026-09-14T08:22:00Z"), 4);
  expect(counts).toEqual([5, 0, 0, 7]);
});
