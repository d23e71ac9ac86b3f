import { expect, it } from "vitest";
import { formatShare, lacking } from "./coverage";

const table = (name: string, rows: number, missing: number) => ({ table: name, rows, found: rows - missing, late: 0, longestLateSeconds: 0, waiting: 0, missing, share: null });

it("never rounds up to all", () => {
  expect(formatShare(99_999, 100_000)).toBe("99.99%");
  expect(formatShare(3, 3)).toBe("100%");
  expect(formatShare(0, 7)).toBe("0.00%");
  expect(formatShare(0, 0)).toBe("–");
});

it("names the tables of which messages are missing", () => {
  const tables = [table("EmailUrlInfo", 9, 0), table("EmailPostDeliveryEvents", 9, 2)];
  expect(lacking({ now: "", spanSeconds: 86_400, tables }).map((t) => t.table)).toEqual(["EmailPostDeliveryEvents"]);
  expect(lacking(undefined)).toEqual([]);
});
