import { CheckmarkCircleFilled, ClockFilled, DismissCircleFilled, PauseCircleFilled, WarningFilled } from "../ui/icons";
import type { ReactNode } from "react";
import type { Connector, ConnectorState } from "../api/types";
import { formatCount } from "../format/number";
import { formatDuration } from "../format/time";
import { text } from "../text/en";
import { Ago } from "../ui/parts";
import { lagLines, usualLag } from "./lags";
import { Sparkline } from "./Sparkline";

const t = text.connectors;

const icons: Record<ConnectorState, ReactNode> = {
  healthy: <CheckmarkCircleFilled />, delayed: <WarningFilled />, waiting: <ClockFilled />, failing: <DismissCircleFilled />,
  stopped: <PauseCircleFilled />, finished: <CheckmarkCircleFilled />,
};

/** The state in a word and a shape. */
export function ConnectorStateTag({ state }: { state: ConnectorState }) {
  return <span className={`connector-state connector-${state}`} title={t.stateHints[state]}>{icons[state]}{t.states[state] ?? state}</span>;
}

/** One content type, and below it why it fails. */
export function ConnectorRow({ connector: c, now }: { connector: Connector; now: number }) {
  const quirks = [
    c.counts.duplicates > 0 ? t.duplicates(formatCount(c.counts.duplicates)) : "",
    c.counts.rejected > 0 ? t.rejected(formatCount(c.counts.rejected)) : "",
  ].filter((q) => q !== "");
  return (
    <>
      <tr className={c.lastError ? "row-with-more" : undefined}>
        <td className="connector-name">{c.contentType || <span className="muted">{t.noContent}</span>}</td>
        <td><ConnectorStateTag state={c.state} /></td>
        <td><Ago at={c.lastEvent} now={now} /></td>
        <td className="right numeric nowrap" title={lagLines(c.lags)}>
          {c.lagSeconds === null ? <span className="muted">–</span> : formatDuration(c.lagSeconds)}
          {usualLag(c.lags) && <div className="muted small">{usualLag(c.lags)}</div>}
        </td>
        <td><Sparkline points={c.history ?? []} now={now} label={`${t.columns.trend}: ${c.contentType}`} /></td>
        <td className="right numeric">{formatCount(c.counts.recordsLastHour)}</td>
        <td className="right numeric">{formatCount(c.counts.recordsLastDay)}</td>
        <td className="right numeric" title={quirks.join(", ")}>{formatCount(c.counts.records)}</td>
        <td className="right numeric">
          {formatCount(c.backlog.payloads)}
          {c.backlog.oldest && <div className="muted small nowrap">{t.oldest} <Ago at={c.backlog.oldest} now={now} /></div>}
          {c.backlog.nextExpiry && <div className="muted small nowrap">{t.expires} <Ago at={c.backlog.nextExpiry} now={now} /></div>}
        </td>
      </tr>
      {c.lastError && (
        <tr className="connector-error">
          <td colSpan={9}>
            <div className="connector-error-box">
              <p><strong>{c.lastError.cause ?? c.lastError.message}</strong></p>
              {c.lastError.remedy && <p>{t.remedy}: {c.lastError.remedy}</p>}
              <p className="muted small">
                <Ago at={c.lastError.time} now={now} /> · {t.attempts(c.lastError.attempts)}
                {(c.lastError.cause || c.lastError.code) && <> · <span className="mono">{[c.lastError.code, c.lastError.cause ? c.lastError.message : ""].filter(Boolean).join(": ")}</span></>}
              </p>
            </div>
          </td>
        </tr>
      )}
    </>
  );
}
