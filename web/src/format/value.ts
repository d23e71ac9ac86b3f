import type { Cell, KustoType } from "../api/types";
import { legible } from "./legible";
import { formatInstant, type Zone } from "./time";

/** The text of a cell for reading; what cannot be seen is written out. Null is empty, as in Microsoft's portals. */
export function formatCell(cell: Cell, type: KustoType, zone: Zone): string {
  if (cell === null || cell === undefined) return "";
  if (type === "datetime" && typeof cell === "string") return formatInstant(cell, zone);
  if (type === "real" && typeof cell === "number") return formatReal(cell);
  if (typeof cell === "object") return legible(JSON.stringify(cell));
  return typeof cell === "string" ? legible(cell) : String(cell);
}

/** The text of a cell for another program: exact, times in UTC. */
export function exactCell(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  return typeof cell === "object" ? JSON.stringify(cell) : String(cell);
}

/** Fifteen significant digits hide what binary fractions add, and no more. */
function formatReal(n: number): string {
  return String(Number(n.toPrecision(15)));
}

/** Numbers stand to the right, everything else to the left. */
export function isNumeric(type: KustoType): boolean {
  return type === "int" || type === "long" || type === "real" || type === "decimal";
}

/** Ticks of 100 ns in Kusto's text of a timespan, [-][d.]hh:mm:ss[.fffffff]. */
export function parseTimespan(text: string): number {
  const m = /^(-)?(?:(\d+)\.)?(\d{2}):(\d{2}):(\d{2})(?:\.(\d{7}))?$/.exec(text);
  if (!m) return NaN;
  const seconds = ((Number(m[2] ?? 0) * 24 + Number(m[3])) * 60 + Number(m[4])) * 60 + Number(m[5]);
  const ticks = seconds * 1e7 + Number(m[6] ?? 0);
  return m[1] ? -ticks : ticks;
}

/** A cell as a number for charts; NaN where it is none. */
export function toNumber(cell: Cell, type: KustoType): number {
  if (typeof cell === "number") return cell;
  if (typeof cell === "boolean") return cell ? 1 : 0;
  if (typeof cell !== "string" || cell === "") return NaN;
  if (type === "datetime") return new Date(cell).getTime();
  if (type === "timespan") return parseTimespan(cell) / 1e7;
  return Number(cell);
}
