import type { Cell, ResultTable } from "../api/types";
import { exactCell } from "../format/value";

/**
 * Text that a spreadsheet would run as a formula. Subjects and file names are
 * written by attackers, so an apostrophe is put before them; numbers are left.
 */
const formula = /^[=+\-@\t\r]/;

function field(cell: Cell): string {
  let text = exactCell(cell);
  if (typeof cell === "string" && formula.test(text) && Number.isNaN(Number(text))) text = "'" + text;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A result as CSV (RFC 4180), header first, rows in the given order. */
export function toCsv(table: ResultTable, order?: Iterable<number>): string {
  const lines = [table.columns.map((c) => field(c.name)).join(",")];
  for (const i of order ?? table.rows.keys()) lines.push(table.rows[i]!.map(field).join(","));
  return lines.join("\r\n") + "\r\n";
}

/** A result as JSON: an object for each row, in the given order. */
export function toJson(table: ResultTable, order?: Iterable<number>): string {
  const rows = [...(order ?? table.rows.keys())].map((i) => Object.fromEntries(table.columns.map((c, n) => [c.name, table.rows[i]![n]!])));
  return JSON.stringify(rows, null, 1) + "\n";
}

/** Hands text to the browser as a file. The mark lets spreadsheets see UTF-8. */
export function saveFile(name: string, text: string, type: string) {
  const mark = type.startsWith("text/csv") ? ["\uFEFF"] : [];
  saveBlob(name, new Blob([...mark, text], { type }));
}

export function saveBlob(name: string, blob: Blob) {
  const url = URL.createObjectURL(blob);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken its own hold of the data by the next task.
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
