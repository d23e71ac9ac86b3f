import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useReducer, useRef, useState, type KeyboardEvent, type MouseEvent } from "react";
import type { ResultTable } from "../api/types";
import { useSettings } from "../app/settings";
import { exactCell } from "../format/value";
import { text } from "../text/en";
import { copyText } from "../ui/copy";
import { groupAt, type Group } from "./groups";
import { HeaderCell, nextSort } from "./Header";
import { bodyHeight, headerHeight, rowHeight, scrollTopFor, virtualTop } from "./layout";
import { cellId, GroupRow, inRange, Row, span, type Lay } from "./Rows";
import type { Sort } from "./sort";
import "./grid.css";
import { fittingWidths } from "./widths";
import { edges, visibleColumns, visibleRows, type Range } from "./window";

interface GridProps {
  table: ResultTable;
  /** Rows to show, in this order; groups among them as -1 - their index. All, as they come, by default. */
  order?: Uint32Array | Int32Array;
  groups?: Group[];
  onToggle?: (group: Group) => void;
  /** Columns to show, all by default, and how many of the first of them stay in sight. */
  columns?: number[];
  pinned?: number;
  sort?: Sort;
  onSort?: (sort: Sort | undefined) => void;
  /** Asked for by Enter or a double click, with the row of the table. */
  onOpen?: (row: number) => void;
  /** The row of the table whose details are shown. */
  opened?: number;
  /** As high as its rows, up to this many; otherwise it fills its parent. */
  fitRows?: number;
  label?: string;
}

interface Place { line: number; column: number }

const noGroups: Group[] = [];
const nothing = () => {};

/**
 * A grid that draws only what is in sight, so that a million rows and two
 * hundred columns scroll like ten. Arrow keys move, Enter opens the row or the
 * group, Ctrl+C copies the cell.
 */
export function Grid({ table, order: ordered, groups = noGroups, onToggle = nothing, columns: chosenColumns, pinned = 0, sort, onSort, onOpen, opened, fitRows, label = text.grid.label }: GridProps) {
  const { zone } = useSettings();
  const order = useMemo(() => ordered ?? Uint32Array.from(table.rows.keys()), [ordered, table]);
  const columns = useMemo(() => chosenColumns ?? table.columns.map((_, i) => i), [chosenColumns, table]);
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [place, setPlace] = useState<Place>({ line: 0, column: 0 });
  const fitting = useMemo(() => fittingWidths(table, zone), [table, zone]);
  const [chosen, setChosen] = useState<{ of: ResultTable; widths: Record<number, number> }>({ of: table, widths: {} });
  const lay = useMemo((): Lay => {
    const widths = columns.map((c) => (chosen.of === table ? chosen.widths[c] : undefined) ?? fitting[c]!);
    const lefts = edges(widths);
    return { table, columns, pinned, widths, lefts, pinnedWidth: lefts[pinned]!, totalWidth: lefts[lefts.length - 1]!, zone, id };
  }, [columns, pinned, chosen, table, fitting, zone, id]);
  const view = useView(scroller, lay, order.length);

  useEffect(() => {
    setPlace({ line: 0, column: 0 });
    scroller.current?.scrollTo(0, 0);
  }, [table]);

  const setWidth = useCallback(
    (column: number, width: number | undefined) =>
      setChosen((old) => {
        const next = { ...(old.of === table ? old.widths : {}) };
        if (width === undefined) delete next[column];
        else next[column] = Math.max(48, Math.round(width));
        return { of: table, widths: next };
      }),
    [table],
  );

  const groupOf = (line: number) => (order[line]! < 0 ? groups[groupAt(order[line]!)] : undefined);
  const open = (line: number) => {
    const group = groupOf(line);
    if (group) onToggle(group);
    else if (order[line] !== undefined) onOpen?.(order[line]);
  };
  const go = (to: Place) => {
    const line = Math.max(0, Math.min(order.length - 1, to.line));
    const column = Math.max(0, Math.min(columns.length - 1, to.column));
    setPlace({ line, column });
    reveal(scroller.current!, line, order.length, column < pinned ? undefined : [lay.lefts[column]! - lay.pinnedWidth, lay.widths[column]! + lay.pinnedWidth]);
  };
  const onKeyDown = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget || order.length === 0) return;
    const { line, column } = place;
    const group = groupOf(line);
    const move = moveOf(e, place, Math.max(1, Math.floor((view.height - headerHeight) / rowHeight) - 1), order.length - 1, columns.length - 1);
    if (group && ((e.key === "ArrowRight" && !group.open) || (e.key === "ArrowLeft" && group.open) || e.key === " ")) onToggle(group);
    else if (move) go(move);
    else if (e.key === "Enter") open(line);
    else if (e.key.toLowerCase() === "c" && (e.ctrlKey || e.metaKey) && !getSelection()?.toString()) {
      void copyText(group ? exactCell(group.value) : exactCell(table.rows[order[line]!]![columns[column]!]!));
    } else return;
    e.preventDefault();
  };
  const onMouseDown = (e: MouseEvent) => {
    const at = placeOf(e.target);
    if (at) setPlace(at);
    // A double click opens the row; it should not select a word as well.
    if (e.detail > 1) e.preventDefault();
  };

  const { rows, shown } = view;
  const height = fitRows ? Math.min(fitRows, Math.max(1, order.length)) * rowHeight + headerHeight + 2 : undefined;
  const header = (i: number) => (
    <HeaderCell
      key={columns[i]} index={i} left={lay.lefts[i]!} width={lay.widths[i]!} column={table.columns[columns[i]!]!} zone={zone}
      sort={sort?.column === columns[i] ? sort : undefined}
      onSort={onSort && (() => onSort(nextSort(sort, columns[i]!)))}
      onWidth={(width) => setWidth(columns[i]!, width)}
    />
  );

  return (
    <div
      ref={scroller} className={fitRows ? "grid grid-fit" : "grid"} style={{ maxHeight: height, height: fitRows && lay.totalWidth > view.width ? (height ?? 0) + 14 : undefined }}
      role="grid" tabIndex={0} aria-label={label} aria-rowcount={order.length + 1} aria-colcount={columns.length}
      aria-activedescendant={order.length > 0 ? cellId(lay, place.line, groupOf(place.line) ? 0 : place.column) : undefined} onKeyDown={onKeyDown}
    >
      <div className="grid-header" role="row" aria-rowindex={1} style={{ width: lay.totalWidth }}>
        {pinned > 0 && <div className="grid-pinned" role="presentation" style={{ width: lay.pinnedWidth }}>{span(0, pinned).map(header)}</div>}
        {span(Math.max(shown.start, pinned), shown.end).map(header)}
      </div>
      <div
        className="grid-body" role="presentation" style={{ height: bodyHeight(order.length), width: lay.totalWidth }}
        onMouseDown={onMouseDown} onDoubleClick={(e) => ((at) => at && !groupOf(at.line) && open(at.line))(placeOf(e.target))}
      >
        {inRange(rows).map((line) => {
          const top = line * rowHeight - view.shift;
          const group = groupOf(line);
          if (group) return <GroupRow key={line} lay={lay} line={line} top={top} group={group} here={place.line === line} onToggle={onToggle} />;
          const row = order[line]!;
          return (
            <Row
              key={line} lay={lay} line={line} top={top} cells={table.rows[row]!} from={shown.start} to={shown.end}
              here={place.line === line ? place.column : -1} opened={opened === row}
            />
          );
        })}
      </div>
    </div>
  );
}

interface View { rows: Range; shown: Range; height: number; width: number; shift: number }

const sameRange = (a: Range, b: Range) => a.start === b.start && a.end === b.end;
/** Rows come and go in batches of this many, so that not every scroll asks for new ones. */
const batch = 4;

/** What of a grid is in sight. It draws anew only when that changes. */
function useView(scroller: React.RefObject<HTMLDivElement | null>, lay: Lay, count: number): View {
  const at = useRef({ top: 0, left: 0, height: 400, width: 800 });
  const [, draw] = useReducer((n: number) => n + 1, 0);
  const look = (): View => {
    const { top, left, height, width } = at.current;
    const virtual = virtualTop(top, height - headerHeight, count);
    const rows = visibleRows(virtual, height - headerHeight, rowHeight, count);
    return {
      rows: { start: rows.start - (rows.start % batch), end: Math.min(count, Math.ceil(rows.end / batch) * batch) },
      shown: visibleColumns(left, width, lay.lefts), height, width, shift: virtual - top,
    };
  };
  const view = look();
  const latest = useRef({ look, view });
  latest.current = { look, view };

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => {
      at.current = { top: element.scrollTop, left: element.scrollLeft, height: element.clientHeight, width: element.clientWidth };
      const { look, view: old } = latest.current;
      const next = look();
      const same = sameRange(old.rows, next.rows) && sameRange(old.shown, next.shown) && old.height === next.height && old.width === next.width && old.shift === next.shift;
      if (!same) draw();
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [scroller]);
  return view;
}

/** The cell that an element belongs to. */
function placeOf(target: EventTarget): Place | undefined {
  const cell = (target as HTMLElement).closest<HTMLElement>("[data-column]");
  const row = (target as HTMLElement).closest<HTMLElement>("[data-line]");
  return row ? { line: Number(row.dataset.line), column: Number(cell?.dataset.column ?? 0) } : undefined;
}

function moveOf(e: KeyboardEvent, { line, column }: Place, page: number, lastLine: number, lastColumn: number): Place | undefined {
  const moves: Record<string, Place> = {
    ArrowDown: { line: line + 1, column }, ArrowUp: { line: line - 1, column },
    ArrowRight: { line, column: column + 1 }, ArrowLeft: { line, column: column - 1 },
    PageDown: { line: line + page, column }, PageUp: { line: line - page, column },
    Home: { line: e.ctrlKey ? 0 : line, column: 0 }, End: { line: e.ctrlKey ? lastLine : line, column: lastColumn },
  };
  return moves[e.key];
}

/** Scrolls a line, and a stretch of its width, into sight. */
function reveal(element: HTMLElement, line: number, lines: number, across: [left: number, width: number] | undefined) {
  const room = element.clientHeight - headerHeight;
  const top = line * rowHeight;
  const now = virtualTop(element.scrollTop, room, lines);
  if (top < now) element.scrollTop = scrollTopFor(top, room, lines);
  else if (top + rowHeight > now + room) element.scrollTop = scrollTopFor(top + rowHeight - room, room, lines);
  if (!across) return;
  const [left, width] = across;
  if (left < element.scrollLeft) element.scrollLeft = left;
  else if (left + width > element.scrollLeft + element.clientWidth) element.scrollLeft = Math.min(left, left + width - element.clientWidth);
}
