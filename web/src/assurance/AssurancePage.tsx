import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import { api } from "../api/client";
import type { AssuranceItem, AssuranceReport, EvidenceFact } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { utcMinute } from "../format/time";
import { saveBlob } from "../grid/csv";
import { formatLink } from "../logs/link";
import { assuranceText as t } from "../text/assurance";
import { Instant, PageHeader } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { filterItems, type Kind } from "./filter";
import "./assurance.css";

/** Evidence for controls, what is not met first. */
export default function AssurancePage() {
  const report = useResource("assurance", api.assurance, 60_000);
  const { error, attempt } = useAttempt();
  const download = (format: "html" | "oscal") => attempt(async () => {
    const file = await api.assuranceReport(format);
    saveBlob(file.name, file.blob);
  });
  const actions = (
    <>
      <Button onClick={() => window.print()}>{t.print}</Button>
      <Button onClick={() => void download("html")}>{t.html}</Button>
      <Button onClick={() => void download("oscal")}>{t.oscal}</Button>
    </>
  );
  return (
    <div className="page assurance">
      <PageHeader title={t.title} detail={t.detail} actions={actions} />
      <ErrorBar error={error} />
      {report.data ? (
        <>
          <StaleBar error={report.error} onRetry={report.reload} />
          <Content report={report.data} reload={report.reload} />
        </>
      ) : report.error ? <FailureView error={report.error} onRetry={report.reload} /> : <LoadingRows rows={8} />}
    </div>
  );
}

function Content({ report: r, reload }: { report: AssuranceReport; reload: () => void }) {
  const [text, setText] = useState("");
  const [kind, setKind] = useState<Kind>("all");
  const [open, setOpen] = useState<string>();
  const items = useMemo(() => filterItems(r.items, text, kind), [r, text, kind]);
  return (
    <>
      <p className="muted">
        {t.made} <Instant at={r.made} /> · {t.release(r.release)} · <strong>{r.counts.shown}</strong> {t.counts.shown}, <strong>{r.counts.notMet}</strong> {t.counts.notMet}, <strong>{r.counts.notVisible}</strong> {t.counts.notVisible}
        {r.catalogue && <> · {t.catalogue(r.catalogue.title, r.catalogue.version)}: {t.same(r.catalogue.same)}, {t.changes(r.catalogue.changes.length)}</>}
      </p>
      <section className="panel" aria-label={t.unmet}>
        <h2>{t.unmet}</h2>
        {r.unmet.length === 0 ? <p>{t.nothing}</p> : (
          <ul className="assurance-unmet">
            {r.unmet.map((u) => (
              <li key={u.name}>
                <StateTag state={u.state} />
                <div>
                  <strong>{u.statement}</strong>
                  {u.remedy && <p className="muted small">{u.remedy}</p>}
                  <p className="muted small">{t.bears}: {u.items.join(", ")}</p>
                </div>
                {u.where && <a {...linkTo(u.where)} aria-label={`${t.look}: ${u.statement}`}>{t.look}</a>}
              </li>
            ))}
          </ul>
        )}
      </section>
      <h2 className="section-title">{t.items}</h2>
      <div className="assurance-filter">
        <Input aria-label={t.filter} placeholder={t.filter} value={text} onChange={(_, d) => setText(d.value)} />
        <Select aria-label={t.kind} value={kind} onChange={(_, d) => setKind(d.value as Kind)}>
          <option value="all">{t.all}</option><option value="ism">{t.ism}</option><option value="blueprint">{t.blueprint}</option>
        </Select>
      </div>
      {items.length === 0 ? <p className="muted">{t.noneMatch}</p> : (
        <div className="assurance-items">
          {items.map((item) => <Control key={item.id} item={item} statuses={r.statuses} open={open === item.id} onToggle={() => setOpen(open === item.id ? undefined : item.id)} reload={reload} />)}
        </div>
      )}
      <p className="muted small">{r.attribution}</p>
    </>
  );
}

function StateTag({ state }: { state: EvidenceFact["state"] }) {
  return <span className={"tag assurance-" + state.replace(" ", "-")}>{state}</span>;
}

function Control({ item, statuses, open, onToggle, reload }: { item: AssuranceItem; statuses: string[]; open: boolean; onToggle: () => void; reload: () => void }) {
  const c = item.counts;
  return (
    <section className="panel assurance-item" aria-label={item.id}>
      <button type="button" className="assurance-head" aria-expanded={open} onClick={onToggle}>
        <span className="mono assurance-id">{item.id}</span>
        <span className="assurance-asks">{item.asks}</span>
        <span className="assurance-counts numeric">
          {c.shown > 0 && <span className="tag assurance-shown">{c.shown} {t.counts.shown}</span>}
          {c.notMet > 0 && <span className="tag assurance-not-met">{c.notMet} {t.counts.notMet}</span>}
          {c.notVisible > 0 && <span className="tag assurance-not-visible">{c.notVisible} {t.counts.notVisible}</span>}
          <span className="tag tag-quiet">{item.assessment.status}</span>
        </span>
      </button>
      <div className={open ? "assurance-body" : "assurance-body assurance-folded"}>
        <p className="muted small">
          {[item.revision && t.revision(item.revision, item.updated), item.release, item.essentialEight && t.eight(item.essentialEight), item.page].filter(Boolean).join(" · ")}
        </p>
        {item.statement && <p className="small">{item.statement}</p>}
        <ul className="assurance-evidence">
          {item.evidence.map((f) => (
            <li key={f.name}>
              <span className="muted small">{f.aspect}</span><StateTag state={f.state} />
              <div>
                {f.statement}
                {f.remedy && <p className="muted small">{f.remedy}</p>}
                {f.query && <p className="small"><a {...linkTo(formatLink({ query: f.query, range: { last: "P7D" } }))}>{t.query}</a></p>}
              </div>
            </li>
          ))}
        </ul>
        {item.limit && <p className="muted small">{t.limit} {item.limit}</p>}
        {open && <Assess item={item} statuses={statuses} reload={reload} />}
      </div>
    </section>
  );
}

/** The assessor's word, for who may write it. */
function Assess({ item, statuses, reload }: { item: AssuranceItem; statuses: string[]; reload: () => void }) {
  const may = useMay("Contributor");
  const [status, setStatus] = useState(item.assessment.status);
  const [remark, setRemark] = useState(item.assessment.remark ?? "");
  const { error, attempt } = useAttempt(reload);
  const said = item.assessment.time && <p className="muted small">{t.by(item.assessment.by ?? "", utcMinute(item.assessment.time))}{item.assessment.remark && `: ${item.assessment.remark}`}</p>;
  if (!may) return <>{said}</>;
  return (
    <form className="assurance-word" onSubmit={(e) => { e.preventDefault(); void attempt(() => api.assess(item.id, status, remark)); }}>
      <Field label={t.word}><Select value={status} onChange={(_, d) => setStatus(d.value)}>{statuses.map((s) => <option key={s}>{s}</option>)}</Select></Field>
      <Field label={t.remark}><Input value={remark} onChange={(_, d) => setRemark(d.value)} /></Field>
      <Button type="submit">{t.save}</Button>
      <ErrorBar error={error} />
      {said}
    </form>
  );
}
