import { Button, Field, MessageBar, MessageBarBody, Select, Textarea } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { AutomationRule, AutomationTested } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { automationText as t } from "../text/automation";
import { text } from "../text/en";
import { DismissRegular } from "../ui/icons";
import { useNow } from "../ui/parts";
import { FailureView, LoadingRows } from "../ui/states";
import { testOf } from "./rule";
import { Steps } from "./Steps";

interface Props { rule: AutomationRule | undefined; onClose: () => void; onSaved: (rule: AutomationRule) => void; onRemove: (rule: AutomationRule) => Promise<boolean> }

/** One rule, as somebody wrote it, what it would have done, and what it did. */
export function AutomationPanel({ rule, onClose, onSaved, onRemove }: Props) {
  const [yaml, setYaml] = useState(rule?.text ?? t.template);
  const [saved, setSaved] = useState(false);
  const mayWrite = useMay("Contributor");
  const mayTry = useMay("Responder");
  const saving = useAttempt();
  const ofFile = rule?.source === "file";
  const title = rule?.name ?? t.add;
  const save = () => saving.attempt(async () => {
    onSaved(await api.saveAutomation(yaml));
    setSaved(true);
  });
  const change = (value: string) => {
    setYaml(value);
    setSaved(false);
  };
  const changed = yaml !== (rule?.text ?? "");
  return (
    <aside className="panel rule-panel" aria-label={title}>
      <div className="question-head"><h2>{title}</h2><Button size="small" appearance="subtle" icon={<DismissRegular />} aria-label={text.close} onClick={onClose} /></div>
      {rule && <p className="muted small">{t.counts(formatCount(rule.done), rule.failed, rule.refused, rule.waiting)}</p>}
      {rule?.lastError && <p className="bad automation-error">{rule.lastError}</p>}
      <Field label={t.edit} hint={ofFile ? t.fileHint : t.editHint}>
        <Textarea className="rule-file" value={yaml} rows={16} resize="vertical" spellCheck={false} readOnly={!mayWrite || ofFile} onChange={(_, d) => change(d.value)} />
      </Field>
      {saving.error && <pre role="alert" className="bad automation-error">{saving.error.message}</pre>}
      {saved && !changed && <MessageBar intent="success"><MessageBarBody>{t.saved}</MessageBarBody></MessageBar>}
      {mayWrite && !ofFile && (
        <div className="chip-row">
          <Button appearance="primary" disabled={saving.busy || !changed || yaml.trim() === ""} onClick={() => void save()}>{saving.busy ? t.saving : t.save}</Button>
          {rule && changed && <Button onClick={() => change(rule.text)}>{t.discard}</Button>}
          <div className="shell-space" />
          {rule && <Button appearance="subtle" aria-label={t.removeOf(rule.name)} onClick={() => void onRemove(rule).then((gone) => gone && onClose())}>{t.remove}</Button>}
        </div>
      )}
      {mayTry && <DryRun yaml={yaml} />}
      {rule && <Done id={rule.id} />}
    </aside>
  );
}

function DryRun({ yaml }: { yaml: string }) {
  const recent = useResource("automation-recent", (signal) => api.incidents({ status: [], severity: [], text: "", limit: 20 }, signal));
  const [over, setOver] = useState("30");
  const [tested, setTested] = useState<{ of: string; result: AutomationTested }>();
  const { error, busy, attempt } = useAttempt();
  const asked = over + yaml;
  const run = () => attempt(async () => setTested({ of: asked, result: await api.testAutomation(testOf(yaml, over, Date.now())) }));
  const result = tested?.of === asked ? tested.result : undefined;
  return (
    <section className="automation-test" aria-label={t.test}>
      <h3>{t.test}</h3>
      <p className="muted small">{t.testHint}</p>
      <div className="chip-row">
        <Select aria-label={t.testOver} value={over} onChange={(_, d) => setOver(d.value)}>
          {[7, 30, 90].map((n) => <option key={n} value={n}>{t.days(n)}</option>)}
          {recent.data?.incidents.map((i) => <option key={i.id} value={`#${i.number}`}>{`#${i.number} ${i.title}`}</option>)}
        </Select>
        <Button disabled={busy || yaml.trim() === ""} onClick={() => void run()}>{busy ? t.testing : t.test}</Button>
      </div>
      {error && <pre role="alert" className="bad automation-error">{error.message}</pre>}
      {result && (
        <div role="status">
          <p>{result.matches.length === 0 ? t.noMatch(result.incidents) : t.matches(new Set(result.matches.map((m) => m.incident)).size, result.incidents)}{result.truncated && ` ${t.truncated}`}</p>
          <ul className="automation-matches">
            {result.matches.map((m, n) => (
              <li key={n}><a {...linkTo("/incidents/" + encodeURIComponent(m.incident))}>{m.title}</a> <span className="muted small">{t.onWhat[m.on] ?? m.on}: {m.actions.join(", ")}</span></li>
            ))}
          </ul>
        </div>
      )}
    </section>
  );
}

function Done({ id }: { id: string }) {
  const steps = useResource("automation-steps", (signal) => api.automationSteps(0, signal), 15_000, "incidents");
  const now = useNow(10_000);
  const own = steps.data?.filter((s) => s.ruleId === id) ?? [];
  return (
    <section className="automation-test" aria-label={t.steps}>
      <h3>{t.steps}</h3>
      {steps.data ? own.length === 0 ? <p className="muted">{t.noSteps}</p> : <Steps steps={own} now={now} linked /> : steps.error ? <FailureView error={steps.error} onRetry={steps.reload} /> : <LoadingRows rows={2} />}
    </section>
  );
}
