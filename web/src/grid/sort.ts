import type { Cell, KustoType } from "../api/types";
import { exactCell, toNumber } from "../format/value";
import { finish, type Work } from "./slices";
import { collator, keyOf } from "./words";

export interface Sort { column: number; descending: boolean }

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

/** Rows that are looked at in one step. */
const stretch = 2048;

/** The order of rows under a sort, as indices; stable. */
export const sortedOrder = (rows: Cell[][], type: KustoType, sort: Sort): Uint32Array => finish(sorting(rows, type, sort));

/** The same as work. */
export function* sorting(rows: Cell[][], type: KustoType, { column, descending }: Sort): Work<Uint32Array> {
  const compare = inWords(type) ? yield* comparingWords(rows, column) : (i: number, j: number) => compareCells(rows[i]![column]!, rows[j]![column]!, type);
  const direction = descending ? -1 : 1;
  return yield* merging(rows.length, (i, j) => {
    const [a, b] = [isNothing(rows[i]![column]!), isNothing(rows[j]![column]!)];
    return a || b ? Number(a) - Number(b) || i - j : direction * compare(i, j) || i - j;
  });
}

/** Compares the texts of two rows by their keys, which takes a tenth of what the collator does. */
function* comparingWords(rows: Cell[][], column: number): Work<(i: number, j: number) => number> {
  const keys: (string | undefined)[] = [];
  const known = new Map<string, string | undefined>(); // few texts are one key each in memory
  for (let i = 0; i < rows.length; i++) {
    const words = exactCell(rows[i]![column]!);
    const key = known.get(words) ?? keyOf(words);
    if (known.size < stretch) known.set(words, key);
    keys.push(key);
    if (i % stretch === stretch - 1) yield 0;
  }
  return (i, j) => {
    const [a, b] = [keys[i], keys[j]];
    if (a !== undefined && b !== undefined) return a === b ? 0 : a < b ? -1 : 1;
    return collator.compare(exactCell(rows[i]![column]!), exactCell(rows[j]![column]!));
  };
}

/** Sorts 0 to count - 1: short runs first, which are then merged two by two. */
function* merging(count: number, compare: (i: number, j: number) => number): Work<Uint32Array> {
  let [from, to] = [Uint32Array.from({ length: count }, (_, i) => i), new Uint32Array(count)];
  // Each run goes through as many comparisons as it would take to merge it of single rows.
  const rounds = Math.log2(stretch) + Math.ceil(Math.log2(Math.max(1, count / stretch)));
  let round = Math.log2(stretch);
  for (let start = 0; start < count; start += stretch) {
    from.subarray(start, start + stretch).sort(compare);
    yield (round * start) / count / rounds;
  }
  for (let width = stretch; width < count; width *= 2, round++) {
    for (let start = 0; start < count; start += 2 * width) {
      const [middle, end] = [Math.min(start + width, count), Math.min(start + 2 * width, count)];
      let [left, right] = [start, middle];
      for (let at = start; at < end; at++) {
        const first = right >= end || (left < middle && compare(from[left]!, from[right]!) <= 0);
        to[at] = first ? from[left++]! : from[right++]!;
        if (at % stretch === 0) yield (round + at / count) / rounds;
      }
    }
    [from, to] = [to, from];
  }
  return from;
}
