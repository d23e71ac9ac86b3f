import {
  Accordion, AccordionHeader, AccordionItem, AccordionPanel, Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, Field, Input, Radio, RadioGroup, Select,
} from "@fluentui/react-components";
import { useRef, useState } from "react";
import { api } from "../api/client";
import type { TenantFinding, TenantRequest } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { tenantText as t } from "../text/tenants";
import { text } from "../text/en";
import { ErrorBar } from "../ui/states";
import { emptyTenant, requestOf, worstOf, type TenantForm } from "./tenantForm";

/** Asks for a tenant, checks it step by step, and has it collected. */
export function AddTenant({ open, onClose, onAdded }: { open: boolean; onClose: () => void; onAdded: (name: string) => void }) {
  const [form, setForm] = useState<TenantForm>(emptyTenant);
  const [checked, setChecked] = useState<{ of: string; findings: TenantFinding[]; done: boolean }>();
  const running = useRef<AbortController>(undefined);
  const checking = useAttempt();
  const adding = useAttempt();
  const request = requestOf(form);
  const asked = JSON.stringify(request);
  const set = (name: keyof TenantForm) => (_: unknown, d: { value: string }) => setForm((old) => ({ ...old, [name]: d.value }));

  const check = (r: TenantRequest) => checking.attempt(async () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    setChecked({ of: asked, findings: [], done: false });
    await api.checkTenant(r, (f) => setChecked((old) => old && { ...old, findings: [...old.findings, f] }), abort.signal, t.broken);
    setChecked((old) => old && { ...old, done: true });
  });
  const add = (r: TenantRequest) => adding.attempt(async () => {
    const added = await api.addTenant(r);
    onAdded(added.name);
  });
  const close = () => {
    running.current?.abort();
    onClose();
  };
  const current = checked?.done && checked.of === asked;
  const good = current && worstOf(checked.findings) !== "blocking";
  return (
    <Dialog open={open} onOpenChange={(_, d) => !d.open && close()}>
      <DialogSurface className="tenant-dialog">
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent>
            <p className="muted">{t.detail}</p>
            <form id="tenant" className="tenant-form" onSubmit={(e) => { e.preventDefault(); if (request) void check(request); }}>
              <Field label={t.name} hint={t.nameHint}><Input value={form.name} maxLength={200} onChange={set("name")} /></Field>
              <Field label={t.cloud}>
                <Select value={form.cloud} onChange={set("cloud")}>{Object.entries(t.clouds).map(([value, label]) => <option key={value} value={value}>{label}</option>)}</Select>
              </Field>
              <Field label={t.tenantId} required><Input value={form.tenantId} className="mono" spellCheck={false} onChange={set("tenantId")} /></Field>
              <Field label={t.clientId} required><Input value={form.clientId} className="mono" spellCheck={false} onChange={set("clientId")} /></Field>
              <Field label={t.by}>
                <RadioGroup layout="horizontal" value={form.by} onChange={(_, d) => setForm({ ...form, by: d.value as TenantForm["by"] })}>
                  {Object.entries(t.bys).map(([value, label]) => <Radio key={value} value={value} label={label} />)}
                </RadioGroup>
              </Field>
              {form.by === "secret" ? (
                <>
                  <Field label={t.secret} hint={t.secretHint} required><Input type="password" autoComplete="off" value={form.secret} onChange={set("secret")} /></Field>
                  <Field label={t.expires} hint={t.expiresHint}><Input type="date" value={form.secretExpires} onChange={set("secretExpires")} /></Field>
                </>
              ) : (
                <>
                  <Field label={t.certificate} hint={t.certificateHint} required><Input value={form.certificateFile} className="mono" onChange={set("certificateFile")} /></Field>
                  <Field label={t.password}><Input value={form.certificatePasswordFile} className="mono" onChange={set("certificatePasswordFile")} /></Field>
                </>
              )}
              <Accordion collapsible className="tenant-more">
                <AccordionItem value="more">
                  <AccordionHeader>{t.more}</AccordionHeader>
                  <AccordionPanel>
                    <Field label={t.baseUrl}><Input value={form.baseUrl} placeholder="https://manage.office.com" onChange={set("baseUrl")} /></Field>
                    <Field label={t.authorityUrl}><Input value={form.authorityUrl} placeholder="https://login.microsoftonline.com" onChange={set("authorityUrl")} /></Field>
                    <Field label={t.caFile}><Input value={form.caFile} onChange={set("caFile")} /></Field>
                  </AccordionPanel>
                </AccordionItem>
              </Accordion>
            </form>
            {checked && <Findings findings={checked.findings} busy={checking.busy} />}
            {checked?.done && <p role="status" className={good ? "good" : "bad"}>{!current ? t.stale : good ? t.ready : t.blocked}</p>}
            <ErrorBar error={checking.error ?? adding.error} />
          </DialogContent>
          <DialogActions>
            <Button onClick={close}>{text.close}</Button>
            <Button type="submit" form="tenant" appearance={good ? "secondary" : "primary"} disabled={!request || checking.busy || adding.busy}>{checking.busy ? t.checking : t.check}</Button>
            <Button appearance={good ? "primary" : "secondary"} disabled={!good || adding.busy} onClick={() => request && void add(request)}>{adding.busy ? t.storing : t.store}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}

function Findings({ findings, busy }: { findings: TenantFinding[]; busy: boolean }) {
  return (
    <ul className="tenant-findings" aria-label={t.findings} aria-live="polite" aria-busy={busy}>
      {findings.map((f, n) => (
        <li key={n} className={`finding finding-${f.severity}`}>
          <span className="finding-mark">{t.severities[f.severity] ?? f.severity}</span>
          <div>
            <strong>{f.check}</strong> {f.found}{f.code && <span className="muted mono small"> {f.code}</span>}
            {f.remedy && <p>{t.remedy}: {f.remedy}</p>}
            {f.detail && f.detail !== f.found && <p className="muted small mono">{f.detail}</p>}
          </div>
        </li>
      ))}
    </ul>
  );
}
