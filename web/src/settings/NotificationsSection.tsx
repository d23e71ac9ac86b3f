import { Button, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain } from "../api/client";
import type { NotificationTarget } from "../api/types";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { AlertOnRegular } from "../ui/icons";
import { Ago, useNow } from "../ui/parts";
import { EmptyView, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = text.notifications;

/** Whom incidents are told, whether that works, and what was sent. */
export default function NotificationsSection() {
  const state = useResource("notifications", api.notifications, 30_000);
  const now = useNow(10_000);
  if (!state.data) return state.error ? <FailureView error={state.error} onRetry={state.reload} /> : <LoadingRows rows={3} />;
  const { targets, deliveries } = state.data;
  if (targets.length === 0) return <EmptyView icon={<AlertOnRegular />} title={t.emptyTitle} detail={t.emptyDetail} />;
  return (
    <div className="settings-section">
      <StaleBar error={state.error} onRetry={state.reload} />
      <div className="table-frame">
        <table className="table">
          <thead><tr><th scope="col">{t.target}</th><th scope="col">{t.kind}</th><th scope="col">{t.to}</th><th scope="col">{t.tells}</th><th scope="col"><span className="visually-hidden">{t.test}</span></th></tr></thead>
          <tbody>{targets.map((one) => <Target key={one.name} target={one} />)}</tbody>
        </table>
      </div>
      <section className="panel" aria-label={t.deliveries}>
        <h2>{t.deliveries}</h2>
        {deliveries.length === 0 ? <p className="muted">{t.noDeliveries}</p> : (
          <div className="table-frame table-frame-inner">
            <table className="table">
              <thead><tr><th scope="col">{t.target}</th><th scope="col">{t.incident}</th><th scope="col">{t.state}</th><th scope="col">{t.when}</th></tr></thead>
              <tbody>
                {deliveries.map((d, i) => (
                  <tr key={i}>
                    <td>{d.target}</td>
                    <td>#{d.incident} {d.title}</td>
                    <td>{t.states[d.state] ?? d.state}{d.error && <div className="small delivery-failed">{t.attempts(d.attempts)}: {d.error}</div>}</td>
                    <td><Ago at={d.done ?? d.due} now={now} /></td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        )}
      </section>
    </div>
  );
}

type Trial = { state: "idle" } | { state: "running" } | { state: "sent" } | { state: "failed"; why: string };

function Target({ target }: { target: NotificationTarget }) {
  const may = useMay("Contributor");
  const [trial, setTrial] = useState<Trial>({ state: "idle" });
  const test = () => {
    setTrial({ state: "running" });
    api.testTarget(target.name).then(() => setTrial({ state: "sent" }), (cause) => setTrial({ state: "failed", why: explain(cause).message }));
  };
  return (
    <tr>
      <td><strong>{target.name}</strong></td>
      <td>{t.kinds[target.kind] ?? target.kind}</td>
      <td>{[target.address || t.secretAddress, ...(target.to ?? [])].join(", ")}</td>
      <td>{t.rule(target.least ? text.severity[target.least]! : "", target.onlyNew, target.perHour || 60)}</td>
      <td className="right">
        <Button size="small" disabled={!may || trial.state === "running"} title={may ? undefined : text.noPermission.change(text.roles.Contributor!)} icon={trial.state === "running" ? <Spinner size="extra-tiny" /> : undefined} aria-label={t.testOf(target.name)} onClick={test}>{t.test}</Button>
        {trial.state === "sent" && <div role="status" className="small good">{t.sent}</div>}
        {trial.state === "failed" && <MessageBar intent="error" layout="multiline"><MessageBarBody>{trial.why}</MessageBarBody></MessageBar>}
      </td>
    </tr>
  );
}
