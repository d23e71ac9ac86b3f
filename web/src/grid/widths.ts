import type { ResultTable } from "../api/types";
import { formatCell } from "../format/value";
import type { Zone } from "../format/time";

const character = 7.1; // pixels of the grid's font, on average
const padding = 26;
const narrowest = 64;
const widest = 420;
const sample = 80; // rows looked at

/** Widths in pixels that fit what the first rows hold. */
export function fittingWidths(table: ResultTable, zone: Zone): number[] {
  return table.columns.map((column, i) => {
    let longest = column.name.length + 3;
    if (column.type === "datetime") longest = Math.max(longest, 25);
    for (const row of table.rows.slice(0, sample)) {
      longest = Math.max(longest, Math.min(80, formatCell(row[i]!, column.type, zone).length));
    }
    return Math.round(Math.min(widest, Math.max(narrowest, longest * character + padding)));
  });
}

/** The columns in which some row has something. */
export function filledColumns(table: ResultTable): number[] {
  return table.columns.map((_, i) => i).filter((i) => table.rows.some((row) => row[i] !== null && row[i] !== "" && row[i] !== undefined));
}
