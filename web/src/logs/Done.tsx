import { Button, Input, Spinner, Tab as FluentTab, TabList } from "@fluentui/react-components";
import { lazy, Suspense, useCallback, useDeferredValue, useEffect, useMemo, useState, type ReactNode } from "react";
import type { QueryResult, Timespan } from "../api/types";
import { kindOf, suggestKind, whyTable } from "../chart/model";
import { formatCount } from "../format/number";
import { Grid } from "../grid/Grid";
import { allPaths, grouped, type Group } from "../grid/groups";
import { RowDetails } from "../grid/RowDetails";
import type { Sort } from "../grid/sort";
import { useOrder } from "../grid/useOrder";
import { filledColumns } from "../grid/widths";
import { text } from "../text/en";
import { DismissRegular, EyeOffRegular, EyeRegular, RecordStopRegular } from "../ui/icons";
import { EmptyView } from "../ui/states";
import { BookmarkButton } from "./BookmarkButton";
import { ColumnsMenu, plainArrangement, type Arrangement } from "./ColumnsMenu";
import { ExportMenu } from "./ExportMenu";
import type { TimeRange } from "./range";

const ChartView = lazy(() => import("../chart/ChartView"));

/** A result, and what gave it. */
export interface Shown { result: QueryResult; query: string; range: TimeRange; timespan: Timespan; cost: ReactNode }

/** Beyond this many columns the empty ones are hidden until asked for. */
const manyColumns = 24;

/** Of a whole table the time is what one looks for first, as in Log Analytics. */
function timeFirst(result: QueryResult, columns: number[]): number[] {
  const time = result.columns.findIndex((c) => c.name === "TimeGenerated");
  if (result.columns.length <= manyColumns || !columns.includes(time)) return columns;
  return [time, ...columns.filter((c) => c !== time)];
}

/** The columns that are shown, those that are pinned first, and how many these are. */
function arranged(result: QueryResult, shown: number[], { hidden, pinned, grouped }: Arrangement): { columns: number[]; pinned: number } {
  const columns = timeFirst(result, shown).filter((c) => !hidden.has(c) && !grouped.includes(c));
  const first = pinned.filter((c) => columns.includes(c));
  return { columns: [...first, ...columns.filter((c) => !first.includes(c))], pinned: first.length };
}

export function Done({ result, query, range, timespan, cost }: Shown) {
  const drawn = kindOf(result.visualization);
  const [view, setView] = useState<"grid" | "chart">(drawn ? "chart" : "grid");
  const [sort, setSort] = useState<Sort>();
  const [opened, setOpened] = useState<number>();
  const [hide, setHide] = useState(true);
  const [filter, setFilter] = useState("");
  const [arrangement, setArrangement] = useState(plainArrangement);
  const [unfolded, setUnfolded] = useState<ReadonlySet<string>>(new Set());
  const [told, setTold] = useState("");
  useEffect(() => {
    setView(drawn ? "chart" : "grid");
    setSort(undefined);
    setOpened(undefined);
    setFilter("");
    setArrangement(plainArrangement());
    setUnfolded(new Set());
    setTold(whyTable(result.visualization));
  }, [result, drawn]);

  const filled = useMemo(() => filledColumns(result), [result]);
  const empty = result.columns.length > manyColumns ? result.columns.length - filled.length : 0;
  const { columns, pinned } = useMemo(
    () => arranged(result, empty > 0 && hide ? filled : result.columns.map((_, i) => i), arrangement),
    [result, filled, empty, hide, arrangement],
  );
  // The next key is more urgent.
  const wanted = useDeferredValue(filter);
  const { order, arranging, shown } = useOrder(result, sort, wanted);
  const by = arrangement.grouped;
  const groups = useMemo(() => (by.length > 0 ? grouped(result, order, by, unfolded, sort !== undefined) : undefined), [result, order, by, unfolded, sort]);
  const onToggle = useCallback((group: Group) => setUnfolded((old) => {
    const next = new Set(old);
    if (!next.delete(group.path)) next.add(group.path);
    return next;
  }), []);
  const leafs = useMemo(() => (groups ? Uint32Array.from(groups.items.filter((item) => item >= 0)) : order), [groups, order]);

  return (
    <div className="results">
      <div className="result-bar">
        <TabList size="small" selectedValue={view} onTabSelect={(_, d) => setView(d.value as "grid" | "chart")}>
          <FluentTab value="grid">{text.logs.results}</FluentTab>
          <FluentTab value="chart" disabled={!drawn && !suggestKind(result.columns)}>{text.logs.chart}</FluentTab>
        </TabList>
        <div className="shell-space" />
        <span className="muted nowrap result-told" role="status">{told}</span>
        {empty > 0 && view === "grid" && (
          <Button size="small" appearance="subtle" icon={hide ? <EyeOffRegular /> : <EyeRegular />} onClick={() => setHide(!hide)} title={hide ? text.logs.showEmpty : text.logs.hideEmpty}>
            {hide ? text.logs.emptyColumns(empty) : text.logs.hideEmpty}
          </Button>
        )}
        {view === "grid" && result.rows.length > 1 && (
          <>
            <Input
              size="small" type="search" className="result-filter" placeholder={text.logs.filter} aria-label={text.logs.filter} title={text.logs.filterHint}
              value={filter} onChange={(_, d) => { setFilter(d.value); setOpened(undefined); }}
            />
            <ColumnsMenu columns={result.columns} arrangement={arrangement} onChange={setArrangement} />
          </>
        )}
        {arranging !== undefined && (
          <>
            <span className="muted numeric nowrap" role="progressbar" aria-valuenow={Math.round(arranging * 100)} aria-label={text.logs.arranging}>{text.logs.arranging} {Math.round(arranging * 100)}%</span>
            <Button size="small" icon={<RecordStopRegular />} onClick={() => { setSort(shown.sort); setFilter(shown.filter); }}>{text.logs.cancel}</Button>
          </>
        )}
        {order.length < result.rows.length && <span className="muted numeric nowrap" role="status">{text.logs.filtered(formatCount(order.length), formatCount(result.rows.length))}</span>}
        <ExportMenu result={result} order={order} query={query} timespan={timespan} onTold={setTold} />
        {cost}
      </div>
      {view === "grid" && by.length > 0 && (
        <div className="group-bar">
          <span className="muted">{text.logs.columns.groupedBy}</span>
          {by.map((c) => (
            <Button
              key={c} size="small" iconPosition="after" icon={<DismissRegular />} aria-label={text.logs.columns.ungroup(result.columns[c]!.name)}
              onClick={() => setArrangement({ ...arrangement, grouped: by.filter((other) => other !== c) })}
            >
              {result.columns[c]!.name}
            </Button>
          ))}
          <Button size="small" appearance="subtle" onClick={() => setUnfolded(allPaths(result, order, by))}>{text.logs.columns.openAll}</Button>
          <Button size="small" appearance="subtle" disabled={unfolded.size === 0} onClick={() => setUnfolded(new Set())}>{text.logs.columns.foldAll}</Button>
        </div>
      )}
      <div className="result-body">
        {view === "chart" ? (
          <Suspense fallback={<Spinner className="page-loading" />}><ChartView result={result} /></Suspense>
        ) : result.rows.length === 0 ? (
          <EmptyView title={text.logs.noRowsTitle} detail={text.logs.noRowsDetail} />
        ) : (
          <Grid
            table={result} order={groups?.items ?? order} groups={groups?.groups} onToggle={onToggle} columns={columns} pinned={pinned}
            sort={sort} onSort={(s) => { setSort(s); setOpened(undefined); }} onOpen={setOpened} opened={opened}
          />
        )}
        {view === "grid" && opened !== undefined && (
          <RowDetails table={result} order={leafs} row={opened} onRow={setOpened} onClose={() => setOpened(undefined)} actions={<BookmarkButton table={result} row={opened} query={query} range={range} />} />
        )}
      </div>
    </div>
  );
}
