import type { ResultTable } from "../api/types";
import { exactCell } from "../format/value";
import { finish, type Work } from "./slices";

/** A part of a filter: a text, and the column that must hold it, if one is named. */
interface Part { column: number | undefined; text: string; not: boolean }

/**
 * Reads a filter: words that a row must hold, "quoted" where they have spaces,
 * Column:word for one column, -word for rows without it. Case does not count.
 */
export function parseFilter(text: string, table: ResultTable): Part[] {
  const parts = text.match(/-?(?:\w+:)?"[^"]*"?|\S+/g) ?? [];
  return parts.map((part) => {
    const not = part.startsWith("-") && part.length > 1;
    const bare = not ? part.slice(1) : part;
    const at = bare.indexOf(":");
    const named = at > 0 ? table.columns.findIndex((c) => c.name.toLowerCase() === bare.slice(0, at).toLowerCase()) : -1;
    const value = named >= 0 ? bare.slice(at + 1) : bare;
    return { column: named >= 0 ? named : undefined, text: value.replaceAll('"', "").toLowerCase(), not };
  }).filter((part) => part.text !== "");
}

/** The rows of an order that a filter lets through. */
export const filteredOrder = (table: ResultTable, order: Uint32Array, text: string): Uint32Array => finish(filtering(table, order, text));

/** Rows that are looked at in one step. */
const stretch = 1024;

/** The same as work. */
export function* filtering(table: ResultTable, order: Uint32Array, text: string): Work<Uint32Array> {
  const parts = parseFilter(text, table);
  if (parts.length === 0) return order;
  const found = new Uint32Array(order.length);
  let count = 0;
  for (let i = 0; i < order.length; i++) {
    const cells = table.rows[order[i]!]!;
    const has = (column: number, wanted: string) => exactCell(cells[column]!).toLowerCase().includes(wanted);
    if (parts.every((p) => (p.column === undefined ? cells.some((_, c) => has(c, p.text)) : has(p.column, p.text)) !== p.not)) found[count++] = order[i]!;
    if (i % stretch === stretch - 1) yield i / order.length;
  }
  return found.slice(0, count);
}
