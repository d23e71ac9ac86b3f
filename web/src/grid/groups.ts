import type { Cell, ResultTable } from "../api/types";
import { exactCell } from "../format/value";

/** Rows that have the same value in a column, within the group that holds them. */
export interface Group {
  /** 0 for the outermost. */
  level: number;
  column: number;
  value: Cell;
  rows: number;
  /** What names it among all groups, stable while rows come and go. */
  path: string;
  open: boolean;
}

/** What a grid shows: a row of the table from 0 on, or a group as -1 - its index. */
export interface Grouped { items: Int32Array; groups: Group[] }

export const groupAt = (item: number) => -1 - item;

/**
 * Groups rows by columns, the first outermost. Groups come by the number of
 * their rows, or as the rows do where these are sorted; rows of a group that is
 * not open are left out.
 */
export function grouped(table: ResultTable, order: Uint32Array, by: number[], open: ReadonlySet<string>, sorted: boolean): Grouped {
  const items: number[] = [];
  const groups: Group[] = [];
  const descend = (rows: Uint32Array | number[], level: number, above: string) => {
    const column = by[level];
    if (column === undefined) {
      for (const row of rows) items.push(row);
      return;
    }
    const members = new Map<string, number[]>();
    for (const row of rows) {
      const key = exactCell(table.rows[row]![column]!);
      const list = members.get(key);
      if (list) list.push(row);
      else members.set(key, [row]);
    }
    const entries = [...members];
    if (!sorted) entries.sort(([, a], [, b]) => b.length - a.length);
    for (const [key, list] of entries) {
      const path = above + JSON.stringify(key);
      const isOpen = open.has(path);
      items.push(groupAt(groups.length));
      groups.push({ level, column, value: table.rows[list[0]!]![column]!, rows: list.length, path, open: isOpen });
      if (isOpen) descend(list, level + 1, path);
    }
  };
  descend(order, 0, "");
  return { items: Int32Array.from(items), groups };
}

/** The paths of all groups, for opening everything; none beyond a bound. */
export function allPaths(table: ResultTable, order: Uint32Array, by: number[], most = 2000): Set<string> {
  const paths = new Set<string>();
  for (const row of order) {
    let path = "";
    for (const column of by) {
      path += JSON.stringify(exactCell(table.rows[row]![column]!));
      if (paths.size < most) paths.add(path);
    }
  }
  return paths;
}
