import { Button, Checkbox, Field, Input } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { IncidentDetail } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { navigate } from "../app/router";
import { useMay } from "../app/settings";
import { legible } from "../format/legible";
import { text } from "../text/en";
import { ErrorBar } from "../ui/states";

const t = text.incidents;

/** What is to be done about an incident, and with which others it belongs together. */
export function TasksPanel({ incident, onChanged }: { incident: IncidentDetail; onChanged: (i: IncidentDetail) => void }) {
  const [title, setTitle] = useState("");
  const [other, setOther] = useState("");
  const { error, attempt } = useAttempt();
  const may = useMay("Responder");
  const change = (what: () => Promise<IncidentDetail>, done = () => {}) => attempt(async () => {
    onChanged(await what());
    done();
  });
  return (
    <section className="panel manage" aria-label={t.tasks}>
      <h2>{t.tasks}</h2>
      <ErrorBar error={error} />
      {incident.tasks.length === 0 && <p className="muted small">{t.noTasks}</p>}
      <ul className="task-list">
        {incident.tasks.map((task) => (
          <li key={task.id}>
            <Checkbox checked={Boolean(task.done)} disabled={!may} label={legible(task.title)} onChange={(_, d) => void change(() => api.setTask(incident.id, task.id, d.checked === true))} />
          </li>
        ))}
      </ul>
      <form onSubmit={(e) => { e.preventDefault(); void change(() => api.addTask(incident.id, title.trim()), () => setTitle("")); }}>
        <Field label={t.task}><Input value={title} maxLength={500} onChange={(_, d) => setTitle(d.value)} /></Field>
        <Button type="submit" disabled={!may || title.trim() === ""}>{t.addTask}</Button>
      </form>
      <form onSubmit={(e) => { e.preventDefault(); void change(() => api.merge(incident.id, other.split(/[\s,#]+/).filter(Boolean)), () => setOther("")); }}>
        <Field label={t.merge} hint={t.mergeHint}><Input value={other} placeholder="#12" onChange={(_, d) => setOther(d.value)} /></Field>
        <Button type="submit" disabled={!may || other.trim() === ""}>{t.mergeDo}</Button>
      </form>
    </section>
  );
}

/** Takes chosen alerts out of an incident into a new one. */
export function SplitBar({ incident, chosen }: { incident: IncidentDetail; chosen: string[] }) {
  const { error, attempt } = useAttempt();
  const may = useMay("Responder");
  if (incident.alerts.length < 2) return null;
  const split = () => attempt(async () => navigate("/incidents/" + encodeURIComponent(await api.split(incident.id, chosen))));
  return (
    <div className="split-bar">
      <Button size="small" disabled={!may || chosen.length === 0 || chosen.length === incident.alerts.length} onClick={() => void split()}>{t.split(chosen.length)}</Button>
      <span className="muted small">{t.splitHint}</span>
      <ErrorBar error={error} />
    </div>
  );
}
