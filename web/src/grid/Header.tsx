import { useRef, type PointerEvent } from "react";
import type { ResultColumn } from "../api/types";
import { isNumeric } from "../format/value";
import { text } from "../text/en";
import { ArrowDownRegular, ArrowUpRegular } from "../ui/icons";
import type { Sort } from "./sort";

export function nextSort(sort: Sort | undefined, column: number): Sort | undefined {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? undefined : { column, descending: true };
}

interface HeaderProps {
  index: number; left: number; width: number; column: ResultColumn; zone: string; sort: Sort | undefined;
  onSort?: () => void; onWidth: (width: number | undefined) => void;
}

/** The name of a column, which sorts by it, and the handle for its width. */
export function HeaderCell({ index, left, width, column, zone, sort, onSort, onWidth }: HeaderProps) {
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
