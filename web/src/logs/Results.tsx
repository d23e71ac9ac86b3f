import { Button, Input, Popover, PopoverSurface, PopoverTrigger, Spinner, Tab as FluentTab, TabList } from "@fluentui/react-components";
import { ArrowDownloadRegular, EyeOffRegular, EyeRegular, RecordStopRegular } from "../ui/icons";
import { lazy, Suspense, useEffect, useMemo, useState } from "react";
import type { ApiError } from "../api/client";
import type { QueryResult, Statistics } from "../api/types";
import { kindOf, suggestKind } from "../chart/model";
import { formatBytes, formatCount, formatElapsed } from "../format/number";
import { saveFile, toCsv, toJson } from "../grid/csv";
import { filteredOrder } from "../grid/filter";
import { Grid } from "../grid/Grid";
import { RowDetails } from "../grid/RowDetails";
import { sortedOrder, type Sort } from "../grid/sort";
import { filledColumns } from "../grid/widths";
import { text } from "../text/en";
import { EmptyView, FailureView } from "../ui/states";
import { useNow } from "../ui/parts";
import { BookmarkButton } from "./BookmarkButton";
import type { TimeRange } from "./range";
import { store } from "./session";
import type { Tab } from "./store";

const ChartView = lazy(() => import("../chart/ChartView"));

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
      return <Failed error={run.error} shift={run.shift} onReveal={onReveal} />;
    case "done":
      return <Tables result={run.result} query={run.text} range={tab.range} />;
  }
}

/** A result, and what gave it. */
interface Shown { result: QueryResult; query: string; range: TimeRange }

/** A query may give several tables, as fork and facet do; each has a tab then. */
function Tables({ result, query, range }: Shown) {
  const [chosen, setChosen] = useState(0);
  useEffect(() => setChosen(0), [result]);
  const tables = useMemo(() => [result, ...(result.more ?? [])], [result]);
  if (tables.length === 1) return <Done result={result} query={query} range={range} />;
  const shown = tables[chosen] ?? result;
  return (
    <>
      <TabList size="small" className="result-tables" aria-label={text.logs.tablesOfResult} selectedValue={String(chosen)} onTabSelect={(_, d) => setChosen(Number(d.value))}>
        {tables.map((table, i) => <FluentTab key={i} value={String(i)}>{table.name || text.logs.table(i + 1)}</FluentTab>)}
      </TabList>
      <Done result={shown} query={query} range={range} />
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

function Failed({ error, shift, onReveal }: { error: ApiError; shift: number; onReveal: (offset: number) => void }) {
  if (error.diagnostics.length === 0) return <div className="results"><FailureView error={error} /></div>;
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

/** Beyond this many columns the empty ones are hidden until asked for. */
const manyColumns = 24;

/** Of a whole table the time is what one looks for first, as in Log Analytics. */
function timeFirst(result: QueryResult, columns: number[]): number[] {
  const time = result.columns.findIndex((c) => c.name === "TimeGenerated");
  if (result.columns.length <= manyColumns || !columns.includes(time)) return columns;
  return [time, ...columns.filter((c) => c !== time)];
}

function Done({ result, query, range }: Shown) {
  const drawn = kindOf(result.visualization);
  const [view, setView] = useState<"grid" | "chart">(drawn ? "chart" : "grid");
  const [sort, setSort] = useState<Sort>();
  const [opened, setOpened] = useState<number>();
  const [hide, setHide] = useState(true);
  const [filter, setFilter] = useState("");
  useEffect(() => {
    setView(drawn ? "chart" : "grid");
    setSort(undefined);
    setOpened(undefined);
    setFilter("");
  }, [result, drawn]);

  const filled = useMemo(() => filledColumns(result), [result]);
  const hidden = result.columns.length > manyColumns ? result.columns.length - filled.length : 0;
  const columns = useMemo(() => timeFirst(result, hidden > 0 && hide ? filled : result.columns.map((_, i) => i)), [result, filled, hidden, hide]);
  const sorted = useMemo(
    () => (sort ? sortedOrder(result.rows, result.columns[sort.column]!.type, sort) : Uint32Array.from(result.rows.keys())),
    [result, sort],
  );
  const order = useMemo(() => filteredOrder(result, sorted, filter), [result, sorted, filter]);

  return (
    <div className="results">
      <div className="result-bar">
        <TabList size="small" selectedValue={view} onTabSelect={(_, d) => setView(d.value as "grid" | "chart")}>
          <FluentTab value="grid">{text.logs.results}</FluentTab>
          <FluentTab value="chart" disabled={!drawn && !suggestKind(result.columns)}>{text.logs.chart}</FluentTab>
        </TabList>
        <div className="shell-space" />
        {hidden > 0 && view === "grid" && (
          <Button size="small" appearance="subtle" icon={hide ? <EyeOffRegular /> : <EyeRegular />} onClick={() => setHide(!hide)} title={hide ? text.logs.showEmpty : text.logs.hideEmpty}>
            {hide ? text.logs.emptyColumns(hidden) : text.logs.hideEmpty}
          </Button>
        )}
        {view === "grid" && result.rows.length > 1 && (
          <Input
            size="small" type="search" className="result-filter" placeholder={text.logs.filter} aria-label={text.logs.filter} title={text.logs.filterHint}
            value={filter} onChange={(_, d) => { setFilter(d.value); setOpened(undefined); }}
          />
        )}
        {order.length < result.rows.length && <span className="muted numeric nowrap" role="status">{text.logs.filtered(formatCount(order.length), formatCount(result.rows.length))}</span>}
        <Button
          size="small" appearance="subtle" icon={<ArrowDownloadRegular />} disabled={result.rows.length === 0}
          onClick={() => saveFile("quoll-results.json", toJson(result, order), "application/json")}
        >
          {text.logs.exportJson}
        </Button>
        <Button
          size="small" appearance="subtle" icon={<ArrowDownloadRegular />} disabled={result.rows.length === 0}
          onClick={() => saveFile("quoll-results.csv", toCsv(result, order), "text/csv;charset=utf-8")}
        >
          {text.logs.exportCsv}
        </Button>
        <Cost statistics={result.statistics} rows={result.rows.length} />
      </div>
      <div className="result-body">
        {view === "chart" ? (
          <Suspense fallback={<Spinner className="page-loading" />}><ChartView result={result} /></Suspense>
        ) : result.rows.length === 0 ? (
          <EmptyView title={text.logs.noRowsTitle} detail={text.logs.noRowsDetail} />
        ) : (
          <Grid table={result} order={order} columns={columns} sort={sort} onSort={(s) => { setSort(s); setOpened(undefined); }} onOpen={setOpened} opened={opened} />
        )}
        {view === "grid" && opened !== undefined && (
          <RowDetails table={result} order={order} row={opened} onRow={setOpened} onClose={() => setOpened(undefined)} actions={<BookmarkButton table={result} row={order[opened]!} query={query} range={range} />} />
        )}
      </div>
    </div>
  );
}

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
