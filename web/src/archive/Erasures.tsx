import { Button, Field, Input, MessageBar, MessageBarBody, MessageBarTitle, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Erasure } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay, useSession } from "../app/settings";
import { formatCount } from "../format/number";
import { archiveText } from "../text/archive";
import { text } from "../text/en";
import { Instant } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows } from "../ui/states";
import { namesOf } from "./names";
import { Panel } from "./Panel";

const t = archiveText.erasure;

/** One person's data: looked for by one, agreed to by another, erased for good. Whose they are is told to administrators alone. */
export function Erasures() {
  const may = useMay("Administrator");
  return (
    <Panel title={t.title}>
      <p className="muted small">{t.hint}</p>
      {may ? <All /> : <p className="muted small">{text.noPermission.change(text.roles.Administrator!)}</p>}
    </Panel>
  );
}

function All() {
  // What takes long goes on when an answer does not come; the list then tells.
  const all = useResource("erasures", api.erasures, 15_000);
  const { error, busy, attempt } = useAttempt(all.reload);
  const [salt, setSalt] = useState<string>();
  const run = (id: string) => attempt(async () => setSalt((await api.runErasure(id)).salt));
  return (
    <>
      <ErrorBar error={error} />
      {salt && <MessageBar intent="success"><MessageBarBody><MessageBarTitle>{t.salt}</MessageBarTitle><code className="mono">{salt}</code> {t.saltHint}</MessageBarBody></MessageBar>}
      {all.data ? (
        all.data.length === 0 ? <p className="muted">{t.none}</p> : (
          <div className="table-frame">
            <table className="table">
              <thead><tr><th scope="col">{t.reason}</th><th scope="col">{t.found}</th><th scope="col">{t.by}</th><th scope="col">{t.state}</th></tr></thead>
              <tbody>{all.data.map((e) => <Row key={e.id} erasure={e} busy={busy} onApprove={() => void attempt(() => api.approveErasure(e.id))} onRun={() => void run(e.id)} />)}</tbody>
            </table>
          </div>
        )
      ) : all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={2} />}
      <Plan busy={busy} onPlan={(names, reason) => attempt(() => api.planErasure(names, reason))} />
    </>
  );
}

function Row({ erasure: e, busy, onApprove, onRun }: { erasure: Erasure; busy: boolean; onApprove: () => void; onRun: () => void }) {
  const me = useSession().name;
  return (
    <tr>
      <td><strong>{e.reason}</strong><div className="muted small archive-detail">{e.names.length > 0 ? e.names.join(", ") : t.gone}</div></td>
      <td><Found f={e.found} /></td>
      <td>{e.by}, <Instant at={e.at} /></td>
      <td>
        {e.done ? <span className="good">{t.done(e.sequence)}</span> : e.approvedBy ? <Run erasure={e} busy={busy} onRun={onRun} /> : (
          <span className="chip-row">{t.waits} <Button size="small" disabled={busy || e.by === me} aria-label={t.approveOf(e.reason)} onClick={onApprove}>{t.approve}</Button></span>
        )}
      </td>
    </tr>
  );
}

function Found({ f }: { f: Erasure["found"] }) {
  return (
    <>
      <span title={f.forms.length > 0 ? `${t.forms}: ${f.forms.join(", ")}` : undefined}>{t.records(formatCount(f.records), formatCount(f.payloads))}</span>
      <div className="muted small">
        {f.others > 0 && <div>{t.others(formatCount(f.others))}</div>}
        {f.younger > 0 && <div>{t.younger(formatCount(f.younger), f.minimum)}</div>}
        {Object.entries(f.remaining).map(([kind, n]) => <div key={kind}>{t.remaining(formatCount(n), kind)}</div>)}
      </div>
      {f.holds.length > 0 && <div className="bad small">{t.held(f.holds.join(", "))}</div>}
    </>
  );
}

/** What cannot be undone is asked twice. */
function Run({ erasure: e, busy, onRun }: { erasure: Erasure; busy: boolean; onRun: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <span className="chip-row">
      {t.approved(e.approvedBy)}
      {busy && asked ? <span role="status">{t.running}</span> : asked ? (
        <>
          <Button size="small" appearance="primary" disabled={busy} onClick={onRun}>{t.sure}</Button>
          <Button size="small" onClick={() => setAsked(false)}>{t.keep}</Button>
        </>
      ) : <Button size="small" disabled={busy} aria-label={t.runOf(e.reason)} onClick={() => setAsked(true)}>{t.run}</Button>}
    </span>
  );
}

function Plan({ busy, onPlan }: { busy: boolean; onPlan: (names: string[], reason: string) => Promise<boolean> }) {
  const [names, setNames] = useState("");
  const [reason, setReason] = useState("");
  const [looking, setLooking] = useState(false);
  const submit = async () => {
    setLooking(true);
    if (await onPlan(namesOf(names), reason.trim())) {
      setNames("");
      setReason("");
    }
    setLooking(false);
  };
  return (
    <form className="archive-form" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
      <Field label={t.names} hint={t.namesHint}><Textarea rows={3} value={names} onChange={(_, d) => setNames(d.value)} /></Field>
      <Field label={t.reason} hint={t.reasonHint}><Input value={reason} maxLength={500} onChange={(_, d) => setReason(d.value)} /></Field>
      <Button type="submit" disabled={busy || namesOf(names).length === 0 || reason.trim() === ""}>{looking ? t.planning : t.plan}</Button>
    </form>
  );
}
