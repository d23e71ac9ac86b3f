import type { QueryResult } from "../api/types";
import { exactCell, isNumeric, toNumber } from "../format/value";

/** A stretch of time of a ladder chart, or an instant of a time pivot (from is to). */
export interface Span { label: string; from: number; to: number; group: string }

/**
 * The stretches of a ladder chart, after Kusto: the last two datetimes are the
 * beginning and the end, and what is not a time or a number names the row.
 */
export function ladder(result: QueryResult): Span[] | string {
  const times = result.columns.map((c, i) => ({ type: c.type, i })).filter((c) => c.type === "datetime").map((c) => c.i);
  if (times.length < 2) return "A ladder chart needs two datetimes, the beginning and the end of each stretch.";
  const [from, to] = times.slice(-2) as [number, number];
  const names = result.columns.map((_, i) => i).filter((i) => !times.includes(i));
  return result.rows.flatMap((row) => {
    const [a, b] = [toNumber(row[from]!, "datetime"), toNumber(row[to]!, "datetime")];
    const label = names.map((i) => exactCell(row[i]!)).join(" · ") || "(empty)";
    return Number.isNaN(a) || Number.isNaN(b) ? [] : [{ label, from: Math.min(a, b), to: Math.max(a, b), group: names.length > 0 ? exactCell(row[names[0]!]!) : "" }];
  });
}

/** The instants of a time pivot: each row at its first datetime, on the line of its texts. */
export function timePivot(result: QueryResult, series: string[] | undefined): Span[] | string {
  const time = result.columns.findIndex((c) => c.type === "datetime");
  if (time < 0) return "A time pivot needs a datetime.";
  const texts = result.columns.map((c, i) => ({ c, i })).filter(({ c, i }) => i !== time && (series?.length ? series.includes(c.name) : c.type === "string")).map(({ i }) => i);
  if (texts.length === 0) return "A time pivot needs a column of text, whose values are its lines.";
  return result.rows.flatMap((row) => {
    const at = toNumber(row[time]!, "datetime");
    const label = texts.map((i) => exactCell(row[i]!) || "(empty)").join(" · ");
    return Number.isNaN(at) ? [] : [{ label, from: at, to: at, group: exactCell(row[texts[0]!]!) }];
  });
}

/** A box of a treemap, and the boxes in it. */
export interface Box { name: string; value: number; children?: Box[] }

/** The boxes of a treemap: a level for each text column, sized by the first number, or by rows. */
export function boxes(result: QueryResult): Box[] | string {
  const number = result.columns.findIndex((c) => isNumeric(c.type));
  const levels = result.columns.map((c, i) => ({ c, i })).filter(({ c, i }) => i !== number && c.type !== "datetime" && c.type !== "dynamic").map(({ i }) => i);
  if (levels.length === 0) return "A treemap needs a column whose values name its boxes.";
  const root: Box[] = [];
  const known = new Map<string, Box>(); // by the names on the way to it
  for (const row of result.rows) {
    const value = number < 0 ? 1 : Math.abs(toNumber(row[number]!, result.columns[number]!.type)) || 0;
    let list = root;
    let path = "";
    levels.forEach((column, depth) => {
      const name = exactCell(row[column]!) || "(empty)";
      path += JSON.stringify(name);
      let box = known.get(path);
      if (!box) {
        box = depth < levels.length - 1 ? { name, value: 0, children: [] } : { name, value: 0 };
        known.set(path, box);
        list.push(box);
      }
      box.value += value;
      list = box.children ?? [];
    });
  }
  return root;
}
