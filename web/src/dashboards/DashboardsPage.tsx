import { api } from "../api/client";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { text } from "../text/en";
import { BoardRegular, WarningRegular } from "../ui/icons";
import { PageHeader } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows, StaleBar } from "../ui/states";
import "./dashboards.css";

const t = text.dashboards;

/** All dashboards: those that ship, and those in folders. */
export default function DashboardsPage() {
  const list = useResource("dashboards", api.dashboards);
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} />
      {list.data === undefined ? (
        list.error ? <FailureView error={list.error} onRetry={list.reload} /> : <LoadingRows />
      ) : (
        <>
          <StaleBar error={list.error} onRetry={list.reload} />
          {list.data.length === 0 && <EmptyView icon={<BoardRegular />} title={t.emptyTitle} detail={t.emptyDetail} />}
          <ul className="dashboard-list">
            {list.data.map((d) => (
              <li key={d.id}>
                <div className="dashboard-card">
                  <span className="dashboard-card-icon">{d.problem ? <WarningRegular /> : <BoardRegular />}</span>
                  <h2>{d.problem ? d.title : <a {...linkTo("/dashboards/" + encodeURIComponent(d.id))}>{d.title}</a>}</h2>
                  {d.problem ? <p className="bad dashboard-problem">{d.problem}</p> : <p>{d.description}</p>}
                  <p className="muted small">{d.problem ? t.broken : t.tiles(d.tiles)}{d.own ? ` · ${t.own}` : ""}</p>
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
