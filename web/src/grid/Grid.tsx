import { ArrowDownRegular, ArrowUpRegular } from "../ui/icons";
import { useCallback, useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent, type PointerEvent } from "react";
import type { Cell, ResultColumn, ResultTable } from "../api/types";
import { useSettings } from "../app/settings";
import { exactCell, formatCell, isNumeric } from "../format/value";
import { text } from "../text/en";
import type { Sort } from "./sort";
import "./grid.css";
import { fittingWidths } from "./widths";
import { edges, visibleColumns, visibleRows } from "./window";

const rowHeight = 28;
const headerHeight = 32;
/** Text beyond this is cut in the grid; the details show it whole. */
const maxCellText = 300;

interface GridProps {
  table: ResultTable;
  /** Rows to show, in this order. */
  order: Uint32Array;
  /** Columns to show. */
  columns: number[];
  sort?: Sort;
  onSort?: (sort: Sort | undefined) => void;
  /** Asked for by Enter or a double click; row is an index of order. */
  onOpen?: (row: number) => void;
  /** The row, as an index of order, whose details are shown. */
  opened?: number;
  /** As high as its rows, up to this many; otherwise it fills its parent. */
  fitRows?: number;
  label?: string;
}

interface Place { row: number; column: number }

/**
 * A grid that draws only what is in sight, so that a hundred thousand rows and
 * two hundred columns scroll like ten. Arrow keys move, Enter opens the row,
 * Ctrl+C copies the cell.
 */
export function Grid({ table, order, columns, sort, onSort, onOpen, opened, fitRows, label = text.grid.label }: GridProps) {
  const { zone } = useSettings();
  const id = useId();
  const scroller = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, left: 0, height: 400, width: 800 });
  const [place, setPlace] = useState<Place>({ row: 0, column: 0 });
  const fitting = useMemo(() => fittingWidths(table, zone), [table, zone]);
  const [chosen, setChosen] = useState<{ of: ResultTable; widths: Record<number, number> }>({ of: table, widths: {} });
  const widths = useMemo(
    () => columns.map((c) => (chosen.of === table ? chosen.widths[c] : undefined) ?? fitting[c]!),
    [columns, chosen, table, fitting],
  );
  const lefts = useMemo(() => edges(widths), [widths]);
  const totalWidth = lefts[lefts.length - 1]!;

  useEffect(() => {
    setPlace({ row: 0, column: 0 });
    scroller.current?.scrollTo(0, 0);
  }, [table]);

  useLayoutEffect(() => {
    const element = scroller.current!;
    const measure = () => setView({ top: element.scrollTop, left: element.scrollLeft, height: element.clientHeight, width: element.clientWidth });
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, []);

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

  const go = (to: Place) => {
    const row = Math.max(0, Math.min(order.length - 1, to.row));
    const column = Math.max(0, Math.min(columns.length - 1, to.column));
    setPlace({ row, column });
    reveal(scroller.current!, row * rowHeight, lefts[column]!, widths[column]!);
  };

  const onKeyDown = (e: KeyboardEvent) => {
    if (e.target !== e.currentTarget || order.length === 0) return;
    const page = Math.max(1, Math.floor((view.height - headerHeight) / rowHeight) - 1);
    const { row, column } = place;
    const moves: Record<string, Place> = {
      ArrowDown: { row: row + 1, column }, ArrowUp: { row: row - 1, column },
      ArrowRight: { row, column: column + 1 }, ArrowLeft: { row, column: column - 1 },
      PageDown: { row: row + page, column }, PageUp: { row: row - page, column },
      Home: { row: e.ctrlKey ? 0 : row, column: 0 }, End: { row: e.ctrlKey ? order.length - 1 : row, column: columns.length - 1 },
    };
    const move = moves[e.key];
    if (move) go(move);
    else if (e.key === "Enter" && onOpen) onOpen(row);
    else if (e.key.toLowerCase() === "c" && (e.ctrlKey || e.metaKey) && !getSelection()?.toString()) {
      void navigator.clipboard?.writeText(exactCell(table.rows[order[row]!]![columns[column]!]!));
    } else return;
    e.preventDefault();
  };

  const rows = visibleRows(view.top, view.height - headerHeight, rowHeight, order.length);
  const shown = visibleColumns(view.left, view.width, lefts);
  const cellId = (row: number, column: number) => `${id}-${row}-${column}`;
  const height = fitRows ? Math.min(fitRows, Math.max(1, order.length)) * rowHeight + headerHeight + 2 : undefined;

  return (
    <div
      ref={scroller} className={fitRows ? "grid grid-fit" : "grid"} style={{ maxHeight: height, height: fitRows && totalWidth > view.width ? (height ?? 0) + 14 : undefined }}
      role="grid" tabIndex={0} aria-label={label} aria-rowcount={order.length + 1} aria-colcount={columns.length}
      aria-activedescendant={order.length > 0 ? cellId(place.row, place.column) : undefined} onKeyDown={onKeyDown}
    >
      <div className="grid-header" role="row" aria-rowindex={1} style={{ width: totalWidth }}>
        {range(shown).map((i) => (
          <HeaderCell
            key={columns[i]} index={i} left={lefts[i]!} width={widths[i]!} column={table.columns[columns[i]!]!} zone={zone}
            sort={sort?.column === columns[i] ? sort : undefined}
            onSort={onSort && (() => onSort(nextSort(sort, columns[i]!)))}
            onWidth={(width) => setWidth(columns[i]!, width)}
          />
        ))}
      </div>
      <div className="grid-body" role="presentation" style={{ height: order.length * rowHeight, width: totalWidth }}>
        {range(rows).map((r) => (
          <div
            key={r} role="row" aria-rowindex={r + 2} aria-selected={opened === r || undefined}
            className={"grid-row" + (r % 2 ? " grid-row-odd" : "") + (opened === r ? " grid-row-opened" : "")}
            style={{ transform: `translateY(${r * rowHeight}px)`, width: totalWidth }}
            // A double click opens the row; it should not select a word as well.
            onMouseDown={(e) => e.detail > 1 && e.preventDefault()}
            onDoubleClick={() => onOpen?.(r)}
          >
            {range(shown).map((i) => {
              const column = table.columns[columns[i]!]!;
              const cell = table.rows[order[r]!]![columns[i]!]!;
              const here = place.row === r && place.column === i;
              const value = formatCell(cell, column.type, zone);
              return (
                <div
                  key={columns[i]} id={cellId(r, i)} role="gridcell" aria-colindex={i + 1}
                  className={cellClass(column, cell) + (here ? " grid-cell-here" : "")} style={{ left: lefts[i], width: widths[i] }}
                  title={value.length * 7 > widths[i]! ? value.slice(0, 1000) : undefined}
                  onMouseDown={() => setPlace({ row: r, column: i })}
                >
                  {value.length > maxCellText ? value.slice(0, maxCellText) + "…" : value}
                </div>
              );
            })}
          </div>
        ))}
      </div>
    </div>
  );
}

const range = ({ start, end }: { start: number; end: number }) => Array.from({ length: Math.max(0, end - start) }, (_, i) => start + i);

function cellClass(column: ResultColumn, cell: Cell): string {
  const kind = isNumeric(column.type) ? " grid-cell-number" : column.type === "dynamic" ? " grid-cell-dynamic" : "";
  return "grid-cell" + kind + (cell === null ? " grid-cell-null" : "");
}

function nextSort(sort: Sort | undefined, column: number): Sort | undefined {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? undefined : { column, descending: true };
}

function reveal(element: HTMLElement, top: number, left: number, width: number) {
  const bottom = top + rowHeight + headerHeight;
  if (top < element.scrollTop) element.scrollTop = top;
  else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
  if (left < element.scrollLeft) element.scrollLeft = left;
  else if (left + width > element.scrollLeft + element.clientWidth) element.scrollLeft = Math.min(left, left + width - element.clientWidth);
}

interface HeaderProps {
  index: number; left: number; width: number; column: ResultColumn; zone: string; sort: Sort | undefined;
  onSort?: () => void; onWidth: (width: number | undefined) => void;
}

function HeaderCell({ index, left, width, column, zone, sort, onSort, onWidth }: HeaderProps) {
  const direction = sort ? (sort.descending ? "descending" : "ascending") : "none";
  const hint = column.type === "datetime" ? ` [${zone === "utc" ? text.zone.utc : text.zone.local}]` : "";
  return (
    <div
      role="columnheader" aria-colindex={index + 1} aria-sort={direction} style={{ left, width }}
      className={"grid-head" + (isNumeric(column.type) ? " grid-head-number" : "")}
    >
      <button type="button" className="grid-head-button" onClick={onSort} disabled={!onSort} title={`${column.name} (${column.type})`}>
        <span className="grid-head-name">{column.name}<span className="muted">{hint}</span></span>
        {sort && (sort.descending ? <ArrowDownRegular aria-hidden /> : <ArrowUpRegular aria-hidden />)}
      </button>
      <Resizer name={column.name} width={width} onWidth={onWidth} />
    </div>
  );
}

/** Drag, or arrow keys, for the width; double click to fit. */
function Resizer({ name, width, onWidth }: { name: string; width: number; onWidth: (width: number | undefined) => void }) {
  const start = useRef<{ x: number; width: number } | undefined>(undefined);
  const onPointerDown = (e: PointerEvent<HTMLDivElement>) => {
    e.preventDefault();
    e.currentTarget.setPointerCapture(e.pointerId);
    start.current = { x: e.clientX, width };
  };
  return (
    <div
      className="grid-resizer" role="separator" aria-orientation="vertical" aria-label={text.grid.resize(name)} aria-valuenow={width} tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={(e) => start.current && onWidth(start.current.width + e.clientX - start.current.x)}
      onPointerUp={() => (start.current = undefined)}
      onPointerCancel={() => (start.current = undefined)}
      onDoubleClick={() => onWidth(undefined)}
      onKeyDown={(e) => {
        if (e.key === "ArrowLeft") onWidth(width - 16);
        else if (e.key === "ArrowRight") onWidth(width + 16);
        else if (e.key === "Enter") onWidth(undefined);
        else return;
        e.preventDefault();
        e.stopPropagation();
      }}
    />
  );
}
