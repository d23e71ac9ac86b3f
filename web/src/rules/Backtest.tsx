import { Button, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Backtest as Found, BacktestRequest } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { formatCount } from "../format/number";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { ErrorBar } from "../ui/states";

const t = keptText.backtest;
const lengths = [7, 14, 30, 90];

/** What a rule, or one in the making, would have found, day by day. */
export function Backtest({ rule }: { rule: Pick<BacktestRequest, "id" | "query" | "yaml"> }) {
  const [days, setDays] = useState(14);
  const [found, setFound] = useState<{ of: string; result: Found }>();
  const { error, busy, attempt } = useAttempt();
  const of = JSON.stringify(rule);
  const run = () => attempt(async () => {
    setFound(undefined);
    setFound({ of, result: await api.backtest({ ...rule, from: new Date(Date.now() - days * 86_400_000).toISOString() }) });
  });
  return (
    <section className="backtest" aria-label={t.title}>
      <div className="chip-row">
        <Button disabled={busy} onClick={() => void run()}>{busy ? t.running : t.run}</Button>
        <Select size="small" aria-label={t.over} value={String(days)} onChange={(_, d) => setDays(Number(d.value))}>{lengths.map((n) => <option key={n} value={n}>{t.days(n)}</option>)}</Select>
        {found && <span role="status">{t.found(formatCount(found.result.alerts), formatCount(found.result.windows))}{found.of !== of && ` ${t.stale}`}</span>}
      </div>
      <ErrorBar error={error} />
      {error?.diagnostics.map((d, i) => <p key={i} className="bad">{text.logs.place(d.line, d.column)}: {d.message} {d.remedy}</p>)}
      {found?.result.error && <p className="bad">{t.failed(found.result.failed)}: {found.result.error}</p>}
      {found && <Days days={found.result.days} />}
    </section>
  );
}

function Days({ days }: { days: Found["days"] }) {
  const most = Math.max(1, ...days.map((d) => d.alerts));
  return (
    <ol className="backtest-days" aria-label={t.picture} tabIndex={0}>
      {days.map((d) => (
        <li key={d.day} title={`${d.day}: ${t.alerts(d.alerts)}`}>
          <span className="backtest-count numeric">{d.alerts || ""}</span>
          <i style={{ height: `${(d.alerts / most) * 64}px` }} />
          <span className="visually-hidden">{d.day}: {t.alerts(d.alerts)}</span>
          <span className="backtest-day numeric" aria-hidden="true">{d.day.slice(8)}</span>
        </li>
      ))}
    </ol>
  );
}
