import { Button } from "@fluentui/react-components";
import { lazy, Suspense } from "react";
import { api } from "../api/client";
import type { DashboardEntry } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { BoardRegular, DismissRegular, WarningRegular } from "../ui/icons";
import { PageHeader } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { useTurns } from "../ui/useTurns";
import "./dashboards.css";

const ImportDashboard = lazy(() => import("./ImportDashboard").then((m) => ({ default: m.ImportDashboard })));

const t = text.dashboards;

/** All dashboards: those that ship, and those in folders. */
export default function DashboardsPage() {
  const list = useResource("dashboards", api.dashboards);
  const may = useMay("Contributor");
  const { error, attempt } = useAttempt(list.reload);
  const importing = useTurns();
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} actions={may ? <Button onClick={importing.begin}>{t.import.open}</Button> : undefined} />
      {importing.turn > 0 && (
        <Suspense><ImportDashboard key={importing.turn} open={importing.open} onClose={importing.end} onImported={list.reload} /></Suspense>
      )}
      {list.data === undefined ? (
        list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows />
      ) : (
        <>
          <StaleBar error={list.error} onRetry={list.reload} />
          <ErrorBar error={error} />
          {list.data.length === 0 && <EmptyView icon={<BoardRegular />} title={t.emptyTitle} detail={t.emptyDetail} />}
          <ul className="dashboard-list">
            {list.data.map((d) => <li key={d.id}><Card d={d} onRemove={may && d.imported ? () => void attempt(() => api.removeDashboard(d.id)) : undefined} /></li>)}
          </ul>
        </>
      )}
    </div>
  );
}

function Card({ d, onRemove }: { d: DashboardEntry; onRemove?: () => void }) {
  return (
    <div className="dashboard-card">
      <span className="dashboard-card-icon">{d.problem ? <WarningRegular /> : <BoardRegular />}</span>
      <h2>{d.problem ? d.title : <a {...linkTo("/dashboards/" + encodeURIComponent(d.id))}>{d.title}</a>}</h2>
      {d.problem ? <p className="bad dashboard-problem">{d.problem}</p> : <p>{d.description}</p>}
      <p className="muted small">
        {d.problem ? t.broken : t.tiles(d.tiles)}{d.imported ? ` · ${t.imported}` : d.own ? ` · ${t.own}` : ""}
        {onRemove && <Button size="small" appearance="subtle" className="dashboard-remove" icon={<DismissRegular />} aria-label={t.remove(d.title)} title={t.remove(d.title)} onClick={onRemove} />}
      </p>
    </div>
  );
}
