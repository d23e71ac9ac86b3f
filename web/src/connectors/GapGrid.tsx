import { useMemo, useRef, useState, type KeyboardEvent } from "react";
import type { GapCell, GapRow } from "../api/types";
import { formatBytes, formatCount } from "../format/number";
import { text } from "../text/en";
import { cellTime, columnLabel, gapGroups, gapLetters, gapStates, placeCells, type Zoom } from "./gaps";

const t = text.gaps;

/** A place in the grid: a row over all groups, and a column. */
interface Place { row: number; column: number }

interface GridProps { rows: GapRow[]; zoom: Zoom; columns: number[]; onZoom: (start: number) => void; onZoomOut: () => void }

/** The cells, one of them in the tab order; arrows move, Enter looks closer, Backspace steps back. */
export function GapGrid({ rows, zoom, columns, onZoom, onZoomOut }: GridProps) {
  const [place, setPlace] = useState<Place>({ row: 0, column: columns.length - 1 });
  const [shown, setShown] = useState<Place>(); // whose tooltip is open
  const table = useRef<HTMLTableElement>(null);
  const frame = useRef<HTMLDivElement>(null);
  const groups = gapGroups(rows);
  const first = columns[0];
  const placed = useMemo(() => groups.flatMap((g) => g.rows).map((row) => placeCells(row.cells, zoom, columns)), [rows, zoom, first]);
  const ordered = groups.flatMap((g) => g.rows);
  const here = { row: Math.min(place.row, ordered.length - 1), column: Math.min(place.column, columns.length - 1) };

  const go = (to: Place) => {
    setPlace(to);
    table.current?.querySelector<HTMLElement>(`[data-place="${to.row}-${to.column}"]`)?.focus();
  };
  const onKey = (e: KeyboardEvent) => {
    const steps: Record<string, Place> = {
      ArrowLeft: { row: here.row, column: Math.max(0, here.column - 1) },
      ArrowRight: { row: here.row, column: Math.min(columns.length - 1, here.column + 1) },
      ArrowUp: { row: Math.max(0, here.row - 1), column: here.column },
      ArrowDown: { row: Math.min(ordered.length - 1, here.row + 1), column: here.column },
      Home: { row: here.row, column: 0 },
      End: { row: here.row, column: columns.length - 1 },
    };
    if (steps[e.key]) go(steps[e.key]!);
    else if (e.key === "Enter" || e.key === " ") onZoom(columns[here.column]!);
    else if (e.key === "Backspace") onZoomOut();
    else if (e.key === "Escape") setShown(undefined);
    else return;
    e.preventDefault();
  };
  let number = -1;
  return (
    <div className="gaps-outer">
      <div ref={frame} className="gaps-frame">
        <table ref={table} className={`gaps-grid gaps-${zoom}`} role="grid" aria-label={t.title} onKeyDown={onKey} onMouseLeave={() => setShown(undefined)}>
          <thead>
            <tr>
              <th scope="col" className="gaps-corner">{t.content}</th>
              {columns.map((start, i) => <th key={start} scope="col" aria-label={cellTime(zoom, start)}><span>{columnLabel(zoom, start, i === 0)}</span></th>)}
            </tr>
          </thead>
          {groups.map((group) => (
            <tbody key={group.key}>
              <tr><th colSpan={columns.length + 1} scope="rowgroup" className="gaps-group">{group.rows[0]!.tenantName ?? group.rows[0]!.tenantId} · {t.sources[group.rows[0]!.source] ?? group.rows[0]!.source}{group.rows[0]!.name ? ` · ${group.rows[0]!.name.slice(group.rows[0]!.name.indexOf("/") + 1)}` : ""}</th></tr>
              {group.rows.map((row) => {
                const r = ++number;
                return (
                  <tr key={row.contentType}>
                    <th scope="row">{row.contentType}</th>
                    {placed[r]!.map((cell, column) => (
                      <td key={column} role="gridcell" data-place={`${r}-${column}`} className={cell ? `gap gap-${cell.state}` : "gap gap-none"}
                        tabIndex={here.row === r && here.column === column ? 0 : -1} aria-label={cellLabel(row, zoom, columns[column]!, cell)}
                        onFocus={() => { setPlace({ row: r, column }); setShown({ row: r, column }); }} onBlur={() => setShown(undefined)}
                        onMouseEnter={() => setShown({ row: r, column })} onClick={() => onZoom(columns[column]!)}>
                        {cell ? gapLetters[cell.state] : ""}
                      </td>
                    ))}
                  </tr>
                );
              })}
            </tbody>
          ))}
        </table>
      </div>
      {shown && ordered[shown.row] && (
        <Tip table={table.current} scrolled={frame.current?.scrollLeft ?? 0} place={shown} row={ordered[shown.row]!} zoom={zoom} start={columns[shown.column]!} cell={placed[shown.row]?.[shown.column] ?? null} />
      )}
    </div>
  );
}

function cellLabel(row: GapRow, zoom: Zoom, start: number, cell: GapCell | null): string {
  return [`${row.contentType}, ${cellTime(zoom, start)} UTC: ${cell ? t.states[cell.state] : t.unknown}`, ...(cell ? facts(cell) : [])].join(". ");
}

/** What a cell says besides its state. */
function facts(cell: GapCell): string[] {
  const out = [t.blobs(formatCount(cell.journalled), formatCount(cell.listed))];
  if (cell.expired > 0) out.push(t.expired(formatCount(cell.expired)));
  out.push(t.records(formatCount(cell.records), formatBytes(cell.bytes)));
  if (cell.hours) out.push(gapStates.filter((s) => cell.hours![s]).map((s) => t.hours(cell.hours![s]!, t.states[s])).join(", "));
  if (cell.detail) out.push(cell.detail);
  return out;
}

interface TipProps { table: HTMLTableElement | null; scrolled: number; place: Place; row: GapRow; zoom: Zoom; start: number; cell: GapCell | null }

function Tip({ table, scrolled, place, row, zoom, start, cell }: TipProps) {
  const at = table?.querySelector<HTMLElement>(`[data-place="${place.row}-${place.column}"]`);
  if (!at || !table) return null;
  const left = at.offsetLeft - scrolled;
  const width = table.parentElement!.clientWidth;
  const style = { top: at.offsetTop + at.offsetHeight + 6, ...(left > width / 2 ? { right: width - left - at.offsetWidth } : { left }) };
  return (
    <div className="gaps-tip" role="tooltip" style={style}>
      <p><strong>{row.contentType}</strong> <span className="muted">{cellTime(zoom, start)} UTC</span></p>
      <p className="with-icon"><span className={`gap gap-${cell?.state ?? "none"}`} aria-hidden="true">{cell ? gapLetters[cell.state] : ""}</span><strong>{cell ? t.states[cell.state] : t.unknown}</strong></p>
      {cell && facts(cell).map((f) => <p key={f}>{f}</p>)}
      {cell && <p className="muted">{t.hints[cell.state]}</p>}
    </div>
  );
}
