import type { Cell, KustoType } from "../api/types";
import { exactCell, toNumber } from "../format/value";

export interface Sort { column: number; descending: boolean }

const collator = new Intl.Collator("en-AU", { numeric: true, sensitivity: "base" });

/** Compares two cells of one column; nulls are last in either direction. */
export function compareCells(a: Cell, b: Cell, type: KustoType): number {
  switch (type) {
    case "int":
    case "real":
    case "bool":
    case "timespan":
      return toNumber(a, type) - toNumber(b, type);
    case "long":
    case "decimal":
      return compareExact(a, b);
    case "datetime":
      // Text of one shape sorts as time does, with more digits than a Date has.
      return a === b ? 0 : String(a) < String(b) ? -1 : 1;
    default:
      return collator.compare(exactCell(a), exactCell(b));
  }
}

/** Numbers beyond 2^53 travel as text and are compared exactly. */
function compareExact(a: Cell, b: Cell): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  const [x, y] = [String(a), String(b)];
  if (/^-?\d+$/.test(x) && /^-?\d+$/.test(y)) {
    const [p, q] = [BigInt(x), BigInt(y)];
    return p < q ? -1 : p > q ? 1 : 0;
  }
  return Number(x) - Number(y);
}

const isNothing = (cell: Cell) => cell === null || cell === undefined || Number.isNaN(cell);

const inWords = (type: KustoType) => type === "string" || type === "guid" || type === "dynamic";

/**
 * The place of each row's text among all texts of a column, where these come again and
 * again: comparing each pair of texts once takes a seventh of the time, over a million
 * rows. Undefined where most texts differ.
 */
function ranksOf(rows: Cell[][], column: number): Int32Array | undefined {
  const ranks = new Map<string, number>();
  for (const row of rows) {
    ranks.set(exactCell(row[column]!), 0);
    if (ranks.size > rows.length / 4) return undefined;
  }
  [...ranks.keys()].sort(collator.compare).forEach((key, i, all) => ranks.set(key, i > 0 && collator.compare(all[i - 1]!, key) === 0 ? ranks.get(all[i - 1]!)! : i));
  return Int32Array.from(rows, (row) => ranks.get(exactCell(row[column]!))!);
}

/** The order of rows under a sort, as indices; stable. */
export function sortedOrder(rows: Cell[][], type: KustoType, sort: Sort): Uint32Array {
  const order = Uint32Array.from(rows.keys());
  const direction = sort.descending ? -1 : 1;
  const ranks = inWords(type) ? ranksOf(rows, sort.column) : undefined;
  return order.sort((i, j) => {
    const a = rows[i]![sort.column]!;
    const b = rows[j]![sort.column]!;
    if (isNothing(a) || isNothing(b)) return Number(isNothing(a)) - Number(isNothing(b)) || i - j;
    return direction * (ranks ? ranks[i]! - ranks[j]! : compareCells(a, b, type)) || i - j;
  });
}
