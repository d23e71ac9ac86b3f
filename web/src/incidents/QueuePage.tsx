import { Button, Checkbox, Input, Select, ToggleButton } from "@fluentui/react-components";
import { ArrowClockwiseRegular, ArrowDownRegular, ArrowUpRegular, ChevronDownRegular, SearchRegular, ShieldCheckmarkRegular } from "../ui/icons";
import { useEffect, useMemo, useRef, useState, type KeyboardEvent, type MouseEvent, type ReactNode } from "react";
import { api } from "../api/client";
import type { Incident } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { linkTo, navigate, rewriteAddress, useLocation } from "../app/router";
import { useMay, useSession } from "../app/settings";
import { legible } from "../format/legible";
import { text } from "../text/en";
import { Ago, EntityChip, PageHeader, SeverityTag, StatusTag, tacticName, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { Bulk } from "./Bulk";
import { anything, formatFilter, inOrder, nextOrder, openFilter, parseFilter, type QueueFilter, type QueueSort, type SortColumn } from "./filter";
import { QuickChange, type Chosen } from "./QuickChange";
import "./incidents.css";

const t = text.incidents;
const shownEntities = 2;
/** So many the server gives at once. */
const most = 500;

/** The queue: what needs somebody, latest activity first. */
export default function QueuePage() {
  const location = useLocation();
  const [filter, setFilter] = useState<QueueFilter>(() => parseFilter(location.split("#")[1] ?? ""));
  const address = formatFilter(filter);
  useEffect(() => rewriteAddress(address), [address]);
  const asked = formatFilter({ ...filter, sort: openFilter.sort });
  const page = useResource("incidents " + asked, (signal) => api.incidents({ ...filter, limit: most }, signal), 10_000, "incidents");
  const incidents = useMemo(() => inOrder(page.data?.incidents ?? [], filter.sort), [page.data, filter.sort]);

  return (
    <div className="page">
      <PageHeader
        title={t.title} detail={t.detail}
        actions={<Button size="small" appearance="subtle" icon={<ArrowClockwiseRegular />} onClick={page.reload}>{text.refresh}</Button>}
      />
      <Filters filter={filter} onChange={setFilter} total={page.data?.total} />
      {page.data && <StaleBar error={page.error} onRetry={page.reload} />}
      {page.data ? (
        page.data.incidents.length === 0 ? (
          <EmptyView
            icon={<ShieldCheckmarkRegular />} title={t.emptyTitle} detail={t.emptyDetail}
            action={<Button onClick={() => setFilter(anything)}>{t.clear}</Button>}
          />
        ) : (
          <Queue incidents={incidents} total={page.data.total} sort={filter.sort} onSort={(sort) => setFilter({ ...filter, sort })} onChanged={page.reload} />
        )
      ) : page.error ? (
        <FailureView error={page.error} onRetry={page.reload} />
      ) : (
        <LoadingRows />
      )}
    </div>
  );
}

function Filters({ filter, onChange, total }: { filter: QueueFilter; onChange: (f: QueueFilter) => void; total: number | undefined }) {
  const me = useSession().name;
  const status = (wanted: string[]) => filter.status.join() === wanted.join();
  const choices: [string, string[]][] = [
    [t.open, openFilter.status], [text.status.New!, ["New"]], [text.status.Active!, ["Active"]], [text.status.Closed!, ["Closed"]], [t.all, []],
  ];
  return (
    <div className="filter-bar" role="search">
      <div role="group" aria-label={t.filterStatus} className="toggle-group">
        {choices.map(([label, wanted]) => (
          <ToggleButton key={label} size="small" appearance="subtle" checked={status(wanted)} onClick={() => onChange({ ...filter, status: wanted })}>{label}</ToggleButton>
        ))}
      </div>
      <Select
        size="small" aria-label={t.filterSeverity} value={filter.severity[0] ?? ""}
        onChange={(_, d) => onChange({ ...filter, severity: d.value ? [d.value] : [] })}
      >
        <option value="">{t.allSeverities}</option>
        {Object.entries(text.severity).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
      </Select>
      <Select size="small" aria-label={t.filterOwner} value={filter.owner ?? ""} onChange={(_, d) => onChange({ ...filter, owner: d.value || undefined })}>
        <option value="">{t.allOwners}</option>
        <option value={me}>{t.mine}</option>
        <option value="-">{t.unowned}</option>
        {filter.owner && filter.owner !== me && filter.owner !== "-" && <option value={filter.owner}>{filter.owner}</option>}
      </Select>
      <Input
        size="small" type="search" className="filter-search" contentBefore={<SearchRegular />} placeholder={t.search} aria-label={t.search}
        value={filter.text} onChange={(_, d) => onChange({ ...filter, text: d.value })}
      />
      <div className="shell-space" />
      {total !== undefined && <span className="muted numeric" aria-live="polite">{t.total(total)}</span>}
    </div>
  );
}

/** The rows, of which some can be chosen; the keyboard reaches all of it. */
function Queue({ incidents, total, sort, onSort, onChanged }: { incidents: Incident[]; total: number; sort: QueueSort; onSort: (sort: QueueSort) => void; onChanged: () => void }) {
  const now = useNow(10_000);
  const may = useMay("Responder");
  const me = useSession().name;
  const [chosen, setChosen] = useState<string[]>([]);
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);
  const there = chosen.filter((id) => incidents.some((i) => i.id === id));
  const toggle = (id: string) => setChosen(there.includes(id) ? there.filter((other) => other !== id) : [...there, id]);
  const taking = useAttempt(onChanged);
  const [changing, setChanging] = useState<Chosen>();
  const owners = useMemo(() => [...new Set(incidents.map((i) => i.owner).filter((o) => o !== ""))].sort(), [incidents]);
  const head = (column: SortColumn, className?: string) => (
    <th scope="col" className={className} aria-sort={sort.column !== column ? "none" : sort.descending ? "descending" : "ascending"}>
      <button type="button" className="sort-button" onClick={() => onSort(nextOrder(sort, column))}>
        {t.columns[column]}{sort.column === column && (sort.descending ? <ArrowDownRegular aria-hidden /> : <ArrowUpRegular aria-hidden />)}
      </button>
    </th>
  );
  const move = (to: number) => {
    const next = Math.max(0, Math.min(incidents.length - 1, to));
    setAt(next);
    (body.current?.rows[next] as HTMLElement | undefined)?.focus();
  };
  const onKey = (e: KeyboardEvent<HTMLTableSectionElement>) => {
    if (e.ctrlKey || e.metaKey || e.altKey || !(e.target instanceof HTMLTableRowElement)) return;
    const one = incidents[at];
    const keys: Record<string, () => void> = {
      ArrowDown: () => move(at + 1), j: () => move(at + 1), ArrowUp: () => move(at - 1), k: () => move(at - 1), Home: () => move(0), End: () => move(incidents.length - 1),
      Enter: () => one && navigate("/incidents/" + encodeURIComponent(one.id)),
    };
    if (may && one) Object.assign(keys, { x: () => toggle(one.id), " ": () => toggle(one.id), a: () => void taking.attempt(() => api.changeIncident(one.id, { owner: me })) });
    if (!keys[e.key]) return;
    e.preventDefault();
    keys[e.key]!();
  };
  return (
    <>
      <ErrorBar error={taking.error} />
      {there.length > 0 && <Bulk incidents={incidents.filter((i) => there.includes(i.id))} onDone={(left) => { setChosen(left); onChanged(); }} />}
      <div className="table-frame table-frame-long">
        <table className="table queue">
          <thead>
            <tr>
              <th scope="col" className="queue-choose">
                {may ? <Checkbox aria-label={t.bulk.all} checked={there.length === 0 ? false : there.length === incidents.length ? true : "mixed"} onChange={(_, d) => setChosen(d.checked ? incidents.map((i) => i.id) : [])} /> : <span className="visually-hidden">{t.bulk.all}</span>}
              </th>
              {head("severity")}{head("title", "queue-title")}{head("status")}{head("owner")}{head("alerts", "right")}<th scope="col">{t.columns.entities}</th>{head("first")}{head("last")}
            </tr>
          </thead>
          <tbody ref={body} onKeyDown={onKey}>
            {incidents.map((i, n) => (
              <Row key={i.id} incident={i} now={now} reached={n === Math.min(at, incidents.length - 1)} onReach={() => setAt(n)} chosen={there.includes(i.id)} onChoose={may ? () => toggle(i.id) : undefined} onChange={may ? setChanging : undefined} />
            ))}
          </tbody>
        </table>
      </div>
      {changing && (
        <QuickChange
          chosen={changing} owners={owners} onClose={() => setChanging(undefined)}
          onChange={(id, change) => void taking.attempt(() => api.changeIncident(id, change))}
        />
      )}
      <p className="muted small">{total > incidents.length && t.latestOf(incidents.length, total)} {t.bulk.keys}</p>
    </>
  );
}

interface RowProps { incident: Incident; now: number; reached: boolean; onReach: () => void; chosen: boolean; onChoose: (() => void) | undefined; onChange: ((chosen: Chosen) => void) | undefined }

function Row({ incident: i, now, reached, onReach, chosen, onChoose, onChange }: RowProps) {
  /** What a cell says; a button where one may change it. */
  const changeable = (what: Chosen["what"], said: string, content: ReactNode) => !onChange ? content : (
    <button
      type="button" className="cell-button" tabIndex={reached ? 0 : -1} aria-haspopup="menu" aria-label={t.change(t.columns[what], `#${i.number}`, said)}
      onClick={(e: MouseEvent<HTMLButtonElement>) => onChange({ incident: i, what, target: e.currentTarget })}
    >
      {content}<ChevronDownRegular aria-hidden className="cell-button-mark" />
    </button>
  );
  const to = "/incidents/" + encodeURIComponent(i.id);
  return (
    <tr
      tabIndex={reached ? 0 : -1} data-chosen={chosen} onFocus={onReach}
      onClick={(e) => !(e.target as Element).closest("a, button, .queue-choose") && !getSelection()?.toString() && navigate(to)}
    >
      <td className="queue-choose">{onChoose && <Checkbox checked={chosen} aria-label={t.choose(`#${i.number}`)} onChange={onChoose} />}</td>
      <td>{changeable("severity", text.severity[i.severity]!, <SeverityTag severity={i.severity} />)}</td>
      <td className="queue-title">
        <a {...linkTo(to)}>{legible(i.title)}</a>
        <div className="muted queue-more" title={i.tactics.map(tacticName).join(", ")}>
          <span className="numeric">#{i.number}</span>{i.tactics.length > 0 && ` · ${i.tactics.map(tacticName).join(", ")}`}
        </div>
      </td>
      <td>{changeable("status", text.status[i.status]!, <StatusTag status={i.status} />)}</td>
      <td className="queue-owner">{changeable("owner", legible(i.owner) || t.nobody, <span className={i.owner ? "" : "muted"} title={i.owner ? legible(i.owner) : undefined}>{legible(i.owner) || t.nobody}</span>)}</td>
      <td className="right numeric">{i.alertCount}</td>
      <td>
        <span className="chip-row">
          {i.entities.slice(0, shownEntities).map((e, n) => <EntityChip key={n} entity={e} />)}
          {i.entities.length > shownEntities && <span className="muted numeric">{t.more(i.entities.length - shownEntities)}</span>}
        </span>
      </td>
      <td><Ago at={i.firstActivity} now={now} /></td>
      <td><Ago at={i.lastActivity} now={now} /></td>
    </tr>
  );
}
