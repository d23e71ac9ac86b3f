import { Button, Switch } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { AutomationRule } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { useMay } from "../app/settings";
import { formatCount } from "../format/number";
import { automationText as t } from "../text/automation";
import { text } from "../text/en";
import { FlashFlowRegular } from "../ui/icons";
import { Ago, PageHeader, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { AutomationPanel } from "./AutomationPanel";
import { stateOf } from "./rule";
import "../rules/rules.css";
import "./automation.css";

/** Stands for a rule that is not kept yet. */
const fresh = "\u0000new";

/** What is done with incidents by rule, and how that goes. */
export default function AutomationPage() {
  const rules = useResource("automation", api.automation, 15_000, "incidents");
  const may = useMay("Contributor");
  const [opened, setOpened] = useState<string>();
  const { error, attempt } = useAttempt(rules.reload);
  const rule = rules.data?.find((r) => r.id === opened);
  const add = may && <Button appearance="primary" onClick={() => setOpened(fresh)}>{t.add}</Button>;
  return (
    <div className="page">
      <PageHeader title={t.title} detail={t.detail} actions={rules.data?.length ? add || undefined : undefined} />
      {rules.data ? (
        <>
          <StaleBar error={rules.error} onRetry={rules.reload} />
          <ErrorBar error={error} />
          {!may && <p className="muted">{text.noPermission.change(text.roles.Contributor!)}</p>}
          <div className={rule || opened === fresh ? "rules-split" : undefined}>
            {rules.data.length === 0 ? <EmptyView icon={<FlashFlowRegular />} title={t.emptyTitle} detail={t.emptyDetail} action={add || undefined} /> : (
              <List rules={rules.data} opened={opened} may={may} onOpen={setOpened} onEnable={(r, on) => void attempt(() => api.enableAutomation(r.id, on))} />
            )}
            {(rule || opened === fresh) && (
              <AutomationPanel
                key={opened} rule={rule} onClose={() => setOpened(undefined)} onSaved={(saved) => { rules.reload(); setOpened(saved.id); }}
                onRemove={(r) => attempt(() => api.removeAutomation(r.id))}
              />
            )}
          </div>
        </>
      ) : rules.error ? <FailureView error={rules.error} onRetry={rules.reload} /> : <LoadingRows rows={4} />}
    </div>
  );
}

interface ListProps { rules: AutomationRule[]; opened: string | undefined; may: boolean; onOpen: (id: string | undefined) => void; onEnable: (rule: AutomationRule, on: boolean) => void }

function List({ rules, opened, may, onOpen, onEnable }: ListProps) {
  const now = useNow(10_000);
  return (
    <div className="table-frame">
      <table className="table automation">
        <thead>
          <tr>
            <th scope="col" className="right">{t.order}</th><th scope="col">{t.rule}</th><th scope="col">{t.state}</th><th scope="col">{t.when}</th><th scope="col">{t.then}</th>
            <th scope="col" className="right">{t.incidents}</th><th scope="col">{t.acted}</th><th scope="col">{t.failed}</th>
          </tr>
        </thead>
        <tbody>
          {rules.map((r) => (
            <tr key={r.id} aria-selected={r.id === opened}>
              <td className="right numeric">{r.order}</td>
              <td>
                <button type="button" className="link-button" aria-expanded={r.id === opened} onClick={() => onOpen(r.id === opened ? undefined : r.id)}><strong>{r.name}</strong></button>
                <div className="muted small">{r.source === "file" ? t.file : r.by ? t.by(r.by) : ""}</div>
              </td>
              <td className="nowrap">
                <Switch
                  checked={r.enabled} disabled={!may || r.source === "file"} aria-label={t.enableOf(r.name)} label={stateOf(r)} title={r.source === "file" ? t.fileHint : undefined}
                  className={r.active ? "automation-on" : undefined} onChange={(_, d) => onEnable(r, d.checked)}
                />
              </td>
              <td><div>{t.on(r.on, r.kinds)}</div>{r.conditions.map((c, n) => <div key={n} className="muted small">{c}</div>)}</td>
              <td>{r.actions.map((a, n) => <div key={n} className="small">{a}</div>)}</td>
              <td className="right numeric" title={t.counts(formatCount(r.done), r.failed, r.refused, r.waiting)}>{formatCount(r.incidents)}</td>
              <td><Ago at={r.lastRun} now={now} /></td>
              <td className={r.lastFailed ? "bad" : undefined} title={r.lastError}><Ago at={r.lastFailed} now={now} /></td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
