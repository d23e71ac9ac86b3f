import { useMemo } from "react";
import { api } from "../api/client";
import type { QueryResult } from "../api/types";
import { useResource } from "../api/useResource";
import { keptText } from "../text/kept";
import { Instant } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { diff } from "./diff";

const t = keptText.history;

/** Versions are acts of people, which stand in the audit trail with their texts. */
const saves = (id: string) =>
  `SentinelAudit | where OperationName == "Save rule" and Status == "Success" and SentinelResourceId == ${JSON.stringify(id)}
| project TimeGenerated, By = tostring(ExtendedProperties.CallerName), Text = tostring(ExtendedProperties.YAML) | order by TimeGenerated asc | take 200`;

/** Ten years: as long as anything is kept. */
const span = () => ({ from: new Date(Date.now() - 3653 * 86_400_000).toISOString(), to: new Date(Date.now() + 3_600_000).toISOString() });

interface Save { at: string; by: string; text: string }

function savesOf(result: QueryResult): Save[] {
  const at = (name: string) => result.columns.findIndex((c) => c.name === name);
  const [when, by, text] = [at("TimeGenerated"), at("By"), at("Text")];
  return when < 0 || by < 0 || text < 0 ? [] : result.rows.map((row) => ({ at: String(row[when]), by: String(row[by] ?? ""), text: String(row[text] ?? "") }));
}

/** The versions of a rule that people saved, and what each changed, the newest first. */
export function History({ id }: { id: string }) {
  const found = useResource("history of rule " + id, (signal) => api.query(saves(id), span(), signal));
  const all = useMemo(() => (found.data ? savesOf(found.data) : []), [found.data]);
  if (!found.data) return found.error ? <FailureView error={found.error} onRetry={found.reload} /> : <LoadingRows rows={3} />;
  if (all.length === 0) return <p className="muted">{t.none}</p>;
  return (
    <ol className="rule-history" aria-label={t.title} reversed>
      {all.map((save, n) => ({ save, before: all[n - 1] })).reverse().map(({ save, before }) => (
        <li key={save.at}>
          <p><strong>{t.version(/^version:\s*["']?([^\s"']+)/m.exec(save.text)?.[1] ?? "?")}</strong> <span className="muted"><Instant at={save.at} /> {t.by} {save.by}</span></p>
          <p className="muted small">{!before ? t.first : before.text === save.text ? t.same : t.changed}</p>
          <Diff before={before?.text} after={save.text} />
        </li>
      ))}
    </ol>
  );
}

function Diff({ before, after }: { before: string | undefined; after: string }) {
  const lines = before === undefined ? after.trimEnd().split("\n").map((text) => ({ kind: "same" as const, text })) : diff(before, after);
  const marks = { same: " ", added: "+", removed: "-" };
  return <pre className="rule-diff" tabIndex={0}>{lines.map((line, n) => <span key={n} className={`diff-${line.kind}`}>{marks[line.kind]} {line.text}{"\n"}</span>)}</pre>;
}
