import { Button, Input, Select, ToggleButton } from "@fluentui/react-components";
import { ArrowClockwiseRegular, SearchRegular, ShieldCheckmarkRegular } from "../ui/icons";
import { useEffect, useState } from "react";
import { api, type IncidentFilter } from "../api/client";
import type { Incident } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo, navigate, rewriteAddress, useLocation } from "../app/router";
import { text } from "../text/en";
import { Ago, EntityChip, PageHeader, SeverityTag, StatusTag, tacticName, useNow } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { formatFilter, openFilter, parseFilter } from "./filter";
import "./incidents.css";

const t = text.incidents;
const shownEntities = 2;

/** The queue: what needs somebody, latest activity first. */
export default function QueuePage() {
  const location = useLocation();
  const [filter, setFilter] = useState<IncidentFilter>(() => parseFilter(location.split("#")[1] ?? ""));
  const address = formatFilter(filter);
  useEffect(() => rewriteAddress(address), [address]);
  const page = useResource("incidents " + address, (signal) => api.incidents({ ...filter, limit: 500 }, signal), 10_000, "incidents");

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
            action={<Button onClick={() => setFilter({ status: [], severity: [], text: "" })}>{t.clear}</Button>}
          />
        ) : (
          <Queue incidents={page.data.incidents} />
        )
      ) : page.error ? (
        <FailureView error={page.error} onRetry={page.reload} />
      ) : (
        <LoadingRows />
      )}
    </div>
  );
}

function Filters({ filter, onChange, total }: { filter: IncidentFilter; onChange: (f: IncidentFilter) => void; total: number | undefined }) {
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
      <Input
        size="small" type="search" className="filter-search" contentBefore={<SearchRegular />} placeholder={t.search} aria-label={t.search}
        value={filter.text} onChange={(_, d) => onChange({ ...filter, text: d.value })}
      />
      <div className="shell-space" />
      {total !== undefined && <span className="muted numeric" aria-live="polite">{t.total(total)}</span>}
    </div>
  );
}

function Queue({ incidents }: { incidents: Incident[] }) {
  const now = useNow(10_000);
  return (
    <div className="table-frame">
      <table className="table queue">
        <thead>
          <tr>
            <th scope="col">{t.columns.severity}</th><th scope="col" className="queue-title">{t.columns.title}</th><th scope="col">{t.columns.status}</th>
            <th scope="col">{t.columns.owner}</th><th scope="col" className="right">{t.columns.alerts}</th><th scope="col">{t.columns.entities}</th>
            <th scope="col">{t.columns.first}</th><th scope="col">{t.columns.last}</th>
          </tr>
        </thead>
        <tbody>{incidents.map((i) => <Row key={i.id} incident={i} now={now} />)}</tbody>
      </table>
    </div>
  );
}

function Row({ incident: i, now }: { incident: Incident; now: number }) {
  const to = "/incidents/" + encodeURIComponent(i.id);
  return (
    <tr onClick={(e) => !(e.target as Element).closest("a") && !getSelection()?.toString() && navigate(to)}>
      <td><SeverityTag severity={i.severity} /></td>
      <td className="queue-title">
        <a {...linkTo(to)}>{i.title}</a>
        <div className="muted queue-more" title={i.tactics.map(tacticName).join(", ")}>
          <span className="numeric">#{i.number}</span>{i.tactics.length > 0 && ` · ${i.tactics.map(tacticName).join(", ")}`}
        </div>
      </td>
      <td><StatusTag status={i.status} /></td>
      <td className={i.owner ? "" : "muted"}>{i.owner || t.nobody}</td>
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
