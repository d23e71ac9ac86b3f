import type { GapCell, GapRow, GapState } from "../api/types";

/** From the worst to the best: a day has the worst state of its hours. */
export const gapStates: GapState[] = ["lost", "off", "late", "silent", "recovered", "waiting", "complete"];

/** The letter of a state, so that it can be read without colour. Complete needs none. */
export const gapLetters: Record<GapState, string> = { lost: "X", off: "O", late: "L", silent: "S", recovered: "R", waiting: "W", complete: "" };

const hour = 3_600_000;
const day = 24 * hour;
const week = 7 * day;

export type Zoom = "hours" | "days" | "weeks";

/** How much one cell stands for, how many are shown, and what the server is asked for. */
export const zooms: Record<Zoom, { step: number; columns: number; interval: "hour" | "day" }> = {
  hours: { step: hour, columns: 48, interval: "hour" },
  days: { step: day, columns: 35, interval: "day" },
  weeks: { step: week, columns: 52, interval: "day" },
};

/** 1970 began on a Thursday; weeks begin on Monday. */
const monday = 4 * day;

/** The beginning of the cell that an instant falls into. */
export function cellStart(zoom: Zoom, at: number): number {
  const { step } = zooms[zoom];
  const from = zoom === "weeks" ? monday : 0;
  return Math.floor((at - from) / step) * step + from;
}

/** The beginnings of the cells shown when the last of them holds an instant. */
export function columnsUpTo(zoom: Zoom, last: number): number[] {
  const { step, columns } = zooms[zoom];
  const end = cellStart(zoom, last);
  return Array.from({ length: columns }, (_, i) => end - (columns - 1 - i) * step);
}

/**
 * Where one zooms to from a cell: its parts, with the cell in the middle, and no
 * further than now. Undefined where there is nothing smaller.
 */
export function zoomInto(zoom: Zoom, start: number, now: number): { zoom: Zoom; last: number } | undefined {
  if (zoom === "hours") return undefined;
  const into: Zoom = zoom === "weeks" ? "days" : "hours";
  const middle = start + zooms[zoom].step / 2;
  return { zoom: into, last: Math.min(now, middle + (zooms[into].columns * zooms[into].step) / 2) };
}

/** One cell for each column, null where nothing is known; several cells of the server are added up. */
export function placeCells(cells: GapCell[], zoom: Zoom, columns: number[]): (GapCell | null)[] {
  const placed: (GapCell | null)[] = columns.map(() => null);
  const first = columns[0] ?? 0;
  for (const cell of cells) {
    const at = (cellStart(zoom, new Date(cell.time).getTime()) - first) / zooms[zoom].step;
    if (at < 0 || at >= placed.length) continue;
    const there = placed[at];
    placed[at] = there ? add(there, cell) : { ...cell, time: new Date(columns[at]!).toISOString() };
  }
  return placed;
}

function add(a: GapCell, b: GapCell): GapCell {
  const worse = gapStates.indexOf(b.state) < gapStates.indexOf(a.state);
  const hours: Partial<Record<GapState, number>> = { ...a.hours };
  for (const [state, n] of Object.entries(b.hours ?? {}) as [GapState, number][]) hours[state] = (hours[state] ?? 0) + n;
  return {
    time: a.time, state: worse ? b.state : a.state, detail: worse ? b.detail : a.detail, hours,
    listed: a.listed + b.listed, journalled: a.journalled + b.journalled, expired: a.expired + b.expired,
    records: a.records + b.records, bytes: a.bytes + b.bytes,
  };
}

/**
 * The label above a column: where a day, a month or a year begins, and above the first
 * unless another is so near that they would run into each other; empty elsewhere.
 */
export function columnLabel(zoom: Zoom, start: number, isFirst: boolean): string {
  const opens = (at: number) => {
    const moment = new Date(at);
    if (zoom === "hours") return moment.getUTCHours() % 6 === 0;
    return zoom === "days" ? moment.getUTCDay() === 1 : new Date(at - week).getUTCMonth() !== moment.getUTCMonth();
  };
  if (!opens(start) && !(isFirst && [1, 2, 3].every((n) => !opens(start + n * zooms[zoom].step)))) return "";
  const at = new Date(start).toISOString();
  if (zoom === "hours") return at.slice(11, 13) === "00" ? at.slice(5, 10) : at.slice(11, 16);
  return zoom === "days" ? at.slice(5, 10) : at.slice(0, 7);
}

/** The time of a cell in words, in UTC. */
export function cellTime(zoom: Zoom, start: number): string {
  const at = new Date(start).toISOString();
  if (zoom === "hours") return `${at.slice(0, 10)} ${at.slice(11, 16)}–${new Date(start + hour).toISOString().slice(11, 16)}`;
  if (zoom === "days") return at.slice(0, 10);
  return `${at.slice(0, 10)} – ${new Date(start + 6 * day).toISOString().slice(0, 10)}`;
}

/** Rows by tenant, source and connector, in the order of the answer. */
export function gapGroups(rows: GapRow[]): { key: string; rows: GapRow[] }[] {
  const groups = new Map<string, GapRow[]>();
  for (const row of rows) {
    const key = `${row.tenantId} ${row.source} ${row.name ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups].map(([key, members]) => ({ key, rows: members }));
}
