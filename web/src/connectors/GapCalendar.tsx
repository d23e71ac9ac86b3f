import { useRef, useState } from "react";
import { api } from "../api/client";
import { useResource } from "../api/useResource";
import { text } from "../text/en";
import { ChevronLeftRegular, ChevronRightRegular } from "../ui/icons";
import { FailureView, LoadingRows, StaleBar } from "../ui/states";
import { GapGrid } from "./GapGrid";
import { columnsUpTo, gapLetters, gapStates, zoomInto, zooms, type Zoom } from "./gaps";

const t = text.gaps;
const every = 60_000;

/** Hour by hour, day by day or week by week: whether everything arrived. */
export function GapCalendar({ now }: { now: number }) {
  const [zoom, setZoom] = useState<Zoom>("hours");
  const [last, setLast] = useState<number>(); // the last instant shown; undefined follows the present
  const columns = columnsUpTo(zoom, last ?? now);
  const from = new Date(columns[0]!).toISOString();
  const to = new Date(columns.at(-1)! + zooms[zoom].step).toISOString();
  const calendar = useResource(`gaps ${from} ${to} ${zoom}`, (signal) => api.gaps({ from, to, interval: zooms[zoom].interval }, signal), every);
  const known = useRef(calendar.data);
  if (calendar.data) known.current = calendar.data;
  const rows = known.current?.rows;

  const show = (next: Zoom, at?: number) => {
    setZoom(next);
    setLast(at !== undefined && at < now - zooms[next].step ? at : undefined);
  };
  const move = (pages: number) => show(zoom, (last ?? now) + pages * zooms[zoom].columns * zooms[zoom].step);

  return (
    <section className="panel gaps" aria-label={t.title}>
      <div className="gaps-head">
        <div><h2>{t.title}</h2><p className="muted small">{t.detail}</p></div>
        <div className="shell-space" />
        <div className="gaps-zoom" role="radiogroup" aria-label={t.zoom}>
          {(["hours", "days", "weeks"] as const).map((z) => (
            <button key={z} type="button" role="radio" aria-checked={zoom === z} onClick={() => show(z, last)}>{t.zooms[z]}</button>
          ))}
        </div>
        <button type="button" className="gaps-move" aria-label={t.earlier} title={t.earlier} onClick={() => move(-1)}><ChevronLeftRegular /></button>
        <button type="button" className="gaps-move" aria-label={t.later} title={t.later} disabled={last === undefined} onClick={() => move(1)}><ChevronRightRegular /></button>
      </div>
      {calendar.error && rows && <StaleBar error={calendar.error} onRetry={calendar.reload} />}
      {rows ? (
        rows.length > 0 ? <GapGrid rows={rows} zoom={zoom} columns={columns} onZoom={(start) => {
          const into = zoomInto(zoom, start, now);
          if (into) show(into.zoom, into.last);
        }} onZoomOut={() => show(zoom === "hours" ? "days" : "weeks", last)} /> : <p className="muted">{t.empty}</p>
      ) : calendar.error ? <FailureView error={calendar.error} onRetry={calendar.reload} /> : <LoadingRows rows={5} />}
      <Legend />
    </section>
  );
}

function Legend() {
  return (
    <ul className="gaps-legend" aria-label={t.legend}>
      {[...gapStates].reverse().map((s) => (
        <li key={s} title={t.hints[s]}><span className={`gap gap-${s}`} aria-hidden="true">{gapLetters[s]}</span>{t.states[s]}</li>
      ))}
      <li><span className="gap gap-none" aria-hidden="true" />{t.unknown}</li>
    </ul>
  );
}
