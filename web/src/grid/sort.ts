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

/** The order of rows under a sort, as indices; stable. */
export function sortedOrder(rows: Cell[][], type: KustoType, sort: Sort): Uint32Array {
  const order = Uint32Array.from(rows.keys());
  const direction = sort.descending ? -1 : 1;
  return order.sort((i, j) => {
    const a = rows[i]![sort.column]!;
    const b = rows[j]![sort.column]!;
    if (isNothing(a) || isNothing(b)) return Number(isNothing(a)) - Number(isNothing(b)) || i - j;
    return direction * compareCells(a, b, type) || i - j;
  });
}
