import { Button, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Disposal } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay, useSession } from "../app/settings";
import { formatCount } from "../format/number";
import { archiveText } from "../text/archive";
import { text } from "../text/en";
import { Instant } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows } from "../ui/states";
import { Panel } from "./Panel";

const t = archiveText.disposal;

/** What the archive let go of or is to, by whose words. */
export function Disposals() {
  const all = useResource("disposals", api.disposals);
  const may = useMay("Administrator");
  const { error, attempt } = useAttempt(all.reload);
  const [why, setWhy] = useState("");
  const propose = async () => {
    if (await attempt(() => api.proposeDisposal(why.trim()))) setWhy("");
  };
  return (
    <Panel title={t.title}>
      <p className="muted small">{t.hint}</p>
      <ErrorBar error={error} />
      {all.data ? (
        all.data.length === 0 ? <p className="muted">{t.none}</p> : (
          <div className="table-frame">
            <table className="table">
              <thead><tr><th scope="col">{t.reason}</th><th scope="col">{t.before}</th><th scope="col" className="right">{t.payloads}</th><th scope="col">{t.by}</th><th scope="col">{t.state}</th></tr></thead>
              <tbody>{all.data.map((d) => <Row key={d.id} disposal={d} may={may} onConfirm={() => void attempt(() => api.confirmDisposal(d.id))} />)}</tbody>
            </table>
          </div>
        )
      ) : all.error ? <FailureView error={all.error} onRetry={all.reload} /> : <LoadingRows rows={2} />}
      {may ? (
        <form className="inline-form" onSubmit={(e) => { e.preventDefault(); void propose(); }}>
          <Field label={t.why}><Input value={why} maxLength={500} onChange={(_, d) => setWhy(d.value)} /></Field>
          <Button type="submit" disabled={why.trim() === ""}>{t.propose}</Button>
        </form>
      ) : <p className="muted small">{text.noPermission.change(text.roles.Administrator!)}</p>}
    </Panel>
  );
}

function Row({ disposal: d, may, onConfirm }: { disposal: Disposal; may: boolean; onConfirm: () => void }) {
  const me = useSession().name;
  return (
    <tr>
      <td>{d.reason}</td><td className="nowrap">{d.before.slice(0, 10)}</td><td className="right numeric">{formatCount(d.payloads)}</td><td>{d.by}, <Instant at={d.at} /></td>
      <td>
        {d.confirmedBy ? <span className={d.done ? "good" : undefined}>{(d.done ? t.done : t.doing)(d.confirmedBy)}</span> : (
          <span className="chip-row">{t.waits} <Button size="small" disabled={!may || d.by === me} aria-label={t.confirmOf(d.reason)} onClick={onConfirm}>{t.confirm}</Button></span>
        )}
      </td>
    </tr>
  );
}
