import { Button, Textarea } from "@fluentui/react-components";
import { useRef, useState } from "react";
import { api, explain, type ApiError } from "../api/client";
import type { QueryResult, Rule } from "../api/types";
import { navigate } from "../app/router";
import { formatCount } from "../format/number";
import { Grid } from "../grid/Grid";
import { formatLink } from "../logs/link";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { DismissRegular } from "../ui/icons";
import { Tactics } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { Backtest } from "./Backtest";
import { History } from "./History";

const t = text.rules;

type Test = { state: "idle" } | { state: "running" } | { state: "failed"; error: ApiError } | { state: "done"; result: QueryResult };

/** One rule: what it is for, and its query, which can be changed and tried on what is there. */
export function RulePanel({ rule, onClose }: { rule: Rule; onClose: () => void }) {
  const [query, setQuery] = useState(rule.query.trim());
  const [test, setTest] = useState<Test>({ state: "idle" });
  const [history, setHistory] = useState(false);
  const running = useRef<AbortController>(undefined);
  const range = () => {
    const to = Date.now();
    return { from: new Date(to - rule.periodSeconds * 1000).toISOString(), to: new Date(to).toISOString() };
  };
  const run = () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    setTest({ state: "running" });
    api.query(query, range(), abort.signal).then(
      (result) => setTest({ state: "done", result }),
      (cause) => !abort.signal.aborted && setTest({ state: "failed", error: explain(cause) }),
    );
  };
  return (
    <aside className="panel rule-panel" aria-label={rule.name} onKeyDown={(e) => e.key === "Escape" && onClose()}>
      <div className="question-head"><h2>{rule.name}</h2><Button size="small" appearance="subtle" icon={<DismissRegular />} aria-label={t.close} onClick={onClose} /></div>
      <p>{rule.description}</p>
      <Tactics tactics={rule.tactics} techniques={rule.techniques} />
      {rule.health.lastError && <p className="bad">{t.lastError}: {rule.health.lastError}</p>}
      <Textarea className="rule-query" aria-label={t.edit} value={query} resize="vertical" rows={12} onChange={(_, d) => setQuery(d.value)} />
      <div className="chip-row">
        <Button appearance="primary" disabled={test.state === "running" || query.trim() === ""} onClick={run}>{test.state === "running" ? t.testing : t.test}</Button>
        <Button onClick={() => navigate(formatLink({ query, range: range() }))}>{t.openInLogs}</Button>
        {test.state === "done" && <span role="status">{test.result.rows.length > 0 ? t.fires(formatCount(test.result.rows.length)) : t.quiet}</span>}
      </div>
      {test.state === "running" && <LoadingRows rows={3} />}
      {test.state === "failed" && <Mistakes error={test.error} />}
      {test.state === "done" && test.result.rows.length > 0 && (
        <Grid table={test.result} fitRows={8} label={t.test} />
      )}
      <Backtest rule={query.trim() === rule.query.trim() ? { id: rule.id } : { id: rule.id, query }} />
      <div><Button size="small" aria-expanded={history} onClick={() => setHistory(!history)}>{history ? keptText.history.hide : keptText.history.show}</Button></div>
      {history && <History id={rule.id} />}
    </aside>
  );
}

function Mistakes({ error }: { error: ApiError }) {
  if (error.diagnostics.length === 0) return <FailureView error={error} />;
  return (
    <ul role="alert" className="rule-mistakes">
      {error.diagnostics.map((d, i) => <li key={i} className="bad">{text.logs.place(d.line, d.column)}: {d.message} {d.remedy}</li>)}
    </ul>
  );
}
