import { Button, Popover, PopoverSurface, PopoverTrigger, Spinner, Tab as FluentTab, TabList } from "@fluentui/react-components";
import { RecordStopRegular } from "../ui/icons";
import { useEffect, useMemo, useState } from "react";
import type { ApiError } from "../api/client";
import type { Statistics } from "../api/types";
import { formatBytes, formatCount, formatElapsed } from "../format/number";
import { text } from "../text/en";
import { EmptyView, FailureView } from "../ui/states";
import { useNow } from "../ui/parts";
import { Done, type Shown } from "./Done";
import { store } from "./session";
import type { Tab } from "./store";

/** What became of the last run of a tab. */
export function Results({ tab, onReveal }: { tab: Tab; onReveal: (offset: number) => void }) {
  const run = tab.run;
  switch (run.state) {
    case "idle":
      return <div className="results"><EmptyView title={text.logs.noResultTitle} detail={text.logs.noResultDetail} /></div>;
    case "running":
      return <Running tab={tab} started={run.started} />;
    case "cancelled":
      return <div className="results"><EmptyView icon={<RecordStopRegular />} title={text.logs.cancelledTitle} detail={text.logs.cancelledDetail} /></div>;
    case "failed":
      return <Failed error={run.error} shift={run.shift} onReveal={onReveal} onRetry={() => void store.run(tab.id, run.text, run.shift)} />;
    case "done":
      return <Tables result={run.result} query={run.text} range={tab.range} timespan={run.timespan} />;
  }
}

/** A query may give several tables, as fork and facet do; each has a tab then. */
function Tables({ result, ...asked }: Omit<Shown, "cost">) {
  const [chosen, setChosen] = useState(0);
  useEffect(() => setChosen(0), [result]);
  const tables = useMemo(() => [result, ...(result.more ?? [])], [result]);
  if (tables.length === 1) return <Done result={result} {...asked} cost={<Cost statistics={result.statistics} rows={result.rows.length} />} />;
  const shown = tables[chosen] ?? result;
  return (
    <>
      <TabList size="small" className="result-tables" aria-label={text.logs.tablesOfResult} selectedValue={String(chosen)} onTabSelect={(_, d) => setChosen(Number(d.value))}>
        {tables.map((table, i) => <FluentTab key={i} value={String(i)}>{table.name || text.logs.table(i + 1)}</FluentTab>)}
      </TabList>
      <Done result={shown} {...asked} cost={<Cost statistics={shown.statistics} rows={shown.rows.length} />} />
    </>
  );
}

function Running({ tab, started }: { tab: Tab; started: number }) {
  const now = useNow(100);
  return (
    <div className="results" aria-busy="true">
      <div className="state-view">
        <Spinner />
        <h2>{text.logs.running}</h2>
        <p className="numeric">{formatElapsed(Math.max(0, now - started))}</p>
        <Button size="small" onClick={() => store.cancel(tab.id)}>{text.logs.cancel}</Button>
      </div>
    </div>
  );
}

function Failed({ error, shift, onReveal, onRetry }: { error: ApiError; shift: number; onReveal: (offset: number) => void; onRetry: () => void }) {
  if (error.diagnostics.length === 0) return <div className="results"><FailureView error={error} onRetry={onRetry} /></div>;
  return (
    <div className="results">
      <div className="mistakes" role="alert">
        <h2>{text.logs.failedTitle}</h2>
        <ul>
          {error.diagnostics.map((d, i) => (
            <li key={i}>
              <button type="button" onClick={() => onReveal(d.start + shift)} title={text.logs.goTo}>
                <span className="mistake-place">{text.logs.place(d.line, d.column)}</span>
                <span className="mistake-text">{headOf(d.message)}</span>
                {d.message.length > headOf(d.message).length && <span className="muted">{d.message.slice(headOf(d.message).length + 1)}</span>}
                {d.remedy && <span className="muted">{d.remedy}</span>}
              </button>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

/** What is wrong, without the list of what would be right. */
const headOf = (message: string) => message.split(";")[0]!;

/** Rows and time; all that is known on a click. */
function Cost({ statistics: s, rows }: { statistics: Statistics; rows: number }) {
  const t = text.logs.stats;
  const facts: [string, string | undefined][] = [
    [t.elapsed, formatElapsed(s.elapsedMilliseconds)],
    [t.compile, s.compileMilliseconds === undefined ? undefined : formatElapsed(s.compileMilliseconds)],
    [t.rows, formatCount(s.rowsReturned)],
    [t.scanned, s.rowsScanned === undefined ? undefined : formatCount(s.rowsScanned)],
    [t.bytes, s.bytesScanned === undefined ? undefined : formatBytes(s.bytesScanned)],
    [t.files, s.filesScanned === undefined ? undefined : formatCount(s.filesScanned)],
    [t.skipped, s.filesSkipped === undefined ? undefined : formatCount(s.filesSkipped)],
  ];
  return (
    <Popover positioning="below-end" trapFocus>
      <PopoverTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" className="numeric" title={text.logs.details} data-testid="cost">
          {text.logs.rows(formatCount(rows), rows === 1)}{s.truncated ? ` (${text.logs.truncated})` : ""} · {formatElapsed(s.elapsedMilliseconds)}
        </Button>
      </PopoverTrigger>
      <PopoverSurface>
        <dl className="facts">
          {facts.filter(([, value]) => value !== undefined).map(([name, value]) => <div key={name}><dt>{name}</dt><dd className="numeric">{value}</dd></div>)}
        </dl>
      </PopoverSurface>
    </Popover>
  );
}
