import { Button, Field, Input, Popover, PopoverSurface, PopoverTrigger } from "@fluentui/react-components";
import { CalendarClockRegular, ChevronDownRegular } from "../ui/icons";
import { useState } from "react";
import { useSettings } from "../app/settings";
import { formatMinute, type Zone } from "../format/time";
import { text } from "../text/en";
import { durationMilliseconds, presets, toTimespan, type TimeRange } from "./range";

interface Props { range: TimeRange; inQuery: boolean; onChange: (range: TimeRange) => void }

/** Chooses the time range of a query: a length back from now, or two instants. */
export function RangePicker({ range, inQuery, onChange }: Props) {
  const { zone } = useSettings();
  const [open, setOpen] = useState(false);
  const choose = (chosen: TimeRange) => {
    onChange(chosen);
    setOpen(false);
  };
  const label = inQuery ? text.logs.rangeInQuery : rangeLabel(range, zone);
  const button = (
    <Button size="small" icon={<CalendarClockRegular />} aria-label={`${text.logs.range}: ${label}`}>
      <span className="range-label">{label}</span><ChevronDownRegular />
    </Button>
  );
  return (
    <Popover open={open} onOpenChange={(_, d) => setOpen(d.open)} positioning="below-start" trapFocus>
      <PopoverTrigger disableButtonEnhancement>{button}</PopoverTrigger>
      <PopoverSurface className="range-surface" aria-label={text.logs.range}>
        {inQuery && <p className="range-hint">{text.logs.rangeInQueryTip}</p>}
        <ul className="range-list">
          {presets.map((p) => (
            <li key={p.last}>
              <button type="button" aria-pressed={"last" in range && range.last === p.last} onClick={() => choose({ last: p.last })}>{p.label}</button>
            </li>
          ))}
          <li><button type="button" aria-pressed={"all" in range} onClick={() => choose({ all: true })}>{text.logs.allTime}</button></li>
        </ul>
        <Custom range={range} zone={zone} onApply={choose} />
      </PopoverSurface>
    </Popover>
  );
}

function rangeLabel(range: TimeRange, zone: Zone): string {
  if ("all" in range) return text.logs.allTime;
  if ("last" in range) return presets.find((p) => p.last === range.last)?.label ?? range.last;
  return `${formatMinute(range.from, zone)} – ${formatMinute(range.to, zone)}`;
}

/** Two instants in the zone that the page shows. */
function Custom({ range, zone, onApply }: { range: TimeRange; zone: Zone; onApply: (range: TimeRange) => void }) {
  const bounds = "from" in range ? range : toTimespan("last" in range && durationMilliseconds(range.last) ? range : { last: "PT24H" }, Date.now());
  const [from, setFrom] = useState(inputValue(bounds.from!, zone));
  const [to, setTo] = useState(inputValue(bounds.to ?? new Date().toISOString(), zone));
  const [start, end] = [instantOf(from, zone), instantOf(to, zone)];
  const bad = !(start < end);
  return (
    <form
      className="range-custom"
      onSubmit={(e) => {
        e.preventDefault();
        if (!bad) onApply({ from: start.toISOString(), to: end.toISOString() });
      }}
    >
      <strong>{text.logs.custom} ({zone === "utc" ? text.zone.utc : text.zone.local})</strong>
      <Field label={text.logs.from} size="small"><Input size="small" type="datetime-local" value={from} onChange={(_, d) => setFrom(d.value)} /></Field>
      <Field label={text.logs.to} size="small" validationMessage={bad ? text.logs.badRange : undefined}>
        <Input size="small" type="datetime-local" value={to} onChange={(_, d) => setTo(d.value)} />
      </Field>
      <Button size="small" appearance="primary" type="submit" disabled={bad}>{text.logs.apply}</Button>
    </form>
  );
}

/** An instant as a datetime-local input holds it. */
const inputValue = (iso: string, zone: Zone) => formatMinute(iso, zone).replace(" ", "T");

/** The instant that such an input means; an invalid date when it holds none. */
const instantOf = (value: string, zone: Zone) => new Date(zone === "utc" ? value + "Z" : value);

