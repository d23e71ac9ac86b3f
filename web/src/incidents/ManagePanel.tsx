import { Button, Field, Input, Select, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Classification, IncidentChange, IncidentDetail, IncidentStatus, Severity } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { ErrorBar } from "../ui/states";

const t = text.incidents;

interface Draft { status: IncidentStatus; severity: Severity; owner: string; classification: Classification | "" }

const draftOf = (i: IncidentDetail): Draft => ({ status: i.status, severity: i.severity, owner: i.owner, classification: i.classification ?? "" });

/** The members that the draft changes. */
function changesOf(draft: Draft, incident: IncidentDetail): IncidentChange {
  const now = draftOf(incident);
  const change: IncidentChange = {};
  if (draft.status !== now.status) change.status = draft.status;
  if (draft.severity !== now.severity) change.severity = draft.severity;
  if (draft.owner.trim() !== now.owner) change.owner = draft.owner.trim();
  // Closing says why, even when the classification stays.
  if (draft.classification !== now.classification || change.status === "Closed") change.classification = draft.classification;
  return change;
}

/** Status, severity, owner and classification, and a comment. */
export function ManagePanel({ incident, onChanged }: { incident: IncidentDetail; onChanged: (i: IncidentDetail) => void }) {
  const [edited, setEdited] = useState<Partial<Draft>>({});
  const [comment, setComment] = useState("");
  const { error, busy, attempt } = useAttempt();
  const may = useMay("Responder");
  const draft = { ...draftOf(incident), ...edited };
  const change = changesOf(draft, incident);
  const unclassified = draft.status === "Closed" && draft.classification === "";

  const send = (c: IncidentChange, done: () => void) => attempt(async () => {
    onChanged(await api.changeIncident(incident.id, c));
    done();
  });
  const set = <K extends keyof Draft>(name: K, value: Draft[K]) => setEdited({ ...edited, [name]: value });

  return (
    <section className="panel manage" aria-label={t.manage}>
      <h2>{t.manage}</h2>
      {!may && <p className="muted small">{text.noPermission.change(text.roles.Responder!)}</p>}
      <ErrorBar error={error} />
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void send(change, () => setEdited({}));
        }}
      >
        <Field label={t.filterStatus}>
          <Select value={draft.status} onChange={(_, d) => set("status", d.value as IncidentStatus)}>
            {Object.entries(text.status).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </Select>
        </Field>
        <Field label={t.filterSeverity}>
          <Select value={draft.severity} onChange={(_, d) => set("severity", d.value as Severity)}>
            {Object.entries(text.severity).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </Select>
        </Field>
        <Field label={t.owner}><Input value={draft.owner} placeholder={t.ownerHint} maxLength={320} onChange={(_, d) => set("owner", d.value)} /></Field>
        <Field
          label={t.classification} required={draft.status === "Closed"} validationState={unclassified ? "warning" : "none"}
          validationMessage={unclassified ? t.closeHint : undefined} hint={text.classificationHint[draft.classification]}
        >
          <Select value={draft.classification} onChange={(_, d) => set("classification", d.value as Draft["classification"])}>
            <option value="">{t.notClassified}</option>
            {Object.entries(text.classification).map(([value, label]) => <option key={value} value={value}>{label}</option>)}
          </Select>
        </Field>
        <Button appearance="primary" type="submit" disabled={!may || busy || unclassified || Object.keys(change).length === 0}>{busy ? t.saving : t.save}</Button>
      </form>
      <form
        onSubmit={(e) => {
          e.preventDefault();
          void send({ comment: comment.trim() }, () => setComment(""));
        }}
      >
        <Field label={t.comment}><Textarea value={comment} placeholder={t.commentHint} resize="vertical" maxLength={5000} onChange={(_, d) => setComment(d.value)} /></Field>
        <Button type="submit" disabled={!may || busy || comment.trim() === ""}>{t.addComment}</Button>
      </form>
    </section>
  );
}
