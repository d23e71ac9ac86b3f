import { memo, type MouseEvent } from "react";
import type { Cell, ResultColumn, ResultTable } from "../api/types";
import type { Zone } from "../format/time";
import { formatCount } from "../format/number";
import { formatCell, isNumeric } from "../format/value";
import { text } from "../text/en";
import { ChevronDownRegular, ChevronRightRegular } from "../ui/icons";
import type { Group } from "./groups";
import type { Range } from "./window";

/** Text beyond this is cut in the grid; the details show it whole. */
const maxCellText = 300;
/** Pixels of a character, roughly: text that may not fit has a tooltip. */
const narrowCharacter = 7;

/** What all rows of a grid share; it changes seldom, so that rows seldom do. */
export interface Lay {
  table: ResultTable;
  /** Columns to show, the first `pinned` of which stay in sight. */
  columns: number[];
  pinned: number;
  lefts: number[];
  widths: number[];
  pinnedWidth: number;
  totalWidth: number;
  zone: Zone;
  id: string;
}

export const cellId = (lay: Lay, row: number, column: number) => `${lay.id}-${row}-${column}`;

interface RowProps {
  lay: Lay;
  /** Which line of the grid, and where it is drawn. */
  line: number;
  top: number;
  cells: Cell[];
  from: number;
  to: number;
  /** The column, among those shown, that the keyboard is on; -1 in other rows. */
  here: number;
  opened: boolean;
}

/** One row. While it stays in sight, scrolling asks nothing of it. */
export const Row = memo(function Row({ lay, line, top, cells, from, to, here, opened }: RowProps) {
  const cell = (i: number) => <GridCell key={lay.columns[i]} lay={lay} line={line} index={i} cell={cells[lay.columns[i]!]!} here={here === i} />;
  return (
    <div
      role="row" aria-rowindex={line + 2} aria-selected={opened || undefined} data-line={line}
      className={"grid-row" + (line % 2 ? " grid-row-odd" : "") + (opened ? " grid-row-opened" : "")}
      style={{ top, width: lay.totalWidth }}
    >
      {lay.pinned > 0 && <div className="grid-pinned" role="presentation" style={{ width: lay.pinnedWidth }}>{span(0, lay.pinned).map(cell)}</div>}
      {span(Math.max(from, lay.pinned), to).map(cell)}
    </div>
  );
});

function GridCell({ lay, line, index, cell, here }: { lay: Lay; line: number; index: number; cell: Cell; here: boolean }) {
  const column = lay.table.columns[lay.columns[index]!]!;
  const width = lay.widths[index]!;
  const value = formatCell(cell, column.type, lay.zone);
  return (
    <div
      id={cellId(lay, line, index)} role="gridcell" aria-colindex={index + 1} data-column={index}
      className={cellClass(column, cell) + (here ? " grid-cell-here" : "")} style={{ left: lay.lefts[index], width }}
      title={value.length * narrowCharacter > width ? value.slice(0, 1000) : undefined}
    >
      {value.length > maxCellText ? value.slice(0, maxCellText) + "…" : value}
    </div>
  );
}

interface GroupRowProps { lay: Lay; line: number; top: number; group: Group; here: boolean; onToggle: (group: Group) => void }

/** The line of a group: its value, how many rows it has, and whether it is open. */
export const GroupRow = memo(function GroupRow({ lay, line, top, group, here, onToggle }: GroupRowProps) {
  const column = lay.table.columns[group.column]!;
  const toggle = (e: MouseEvent) => {
    e.stopPropagation();
    onToggle(group);
  };
  return (
    <div role="row" aria-rowindex={line + 2} className="grid-row grid-group" data-line={line} style={{ top, width: lay.totalWidth }} onClick={toggle}>
      <div
        role="gridcell" id={cellId(lay, line, 0)} aria-colindex={1} aria-colspan={Math.max(1, lay.columns.length)} aria-expanded={group.open} data-column={0}
        className={"grid-group-cell" + (here ? " grid-cell-here" : "")} style={{ paddingLeft: 8 + group.level * 20 }}
      >
        {group.open ? <ChevronDownRegular aria-hidden /> : <ChevronRightRegular aria-hidden />}
        <span className="muted">{column.name}</span>
        <span className="grid-group-value">{formatCell(group.value, column.type, lay.zone) || text.grid.empty}</span>
        <span className="tag tag-quiet numeric">{formatCount(group.rows)}</span>
      </div>
    </div>
  );
});

export const span = (start: number, end: number) => Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);
export const inRange = ({ start, end }: Range) => span(start, end);

function cellClass(column: ResultColumn, cell: Cell): string {
  const kind = isNumeric(column.type) ? " grid-cell-number" : column.type === "dynamic" ? " grid-cell-dynamic" : "";
  return "grid-cell" + kind + (cell === null ? " grid-cell-null" : "");
}
