import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import { roles, type Person, type Role } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { text } from "../text/en";
import { CopyButton } from "../ui/CopyButton";
import { Ago, useNow } from "../ui/parts";
import { ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = text.people;

/** Who can sign in, and what they may do; for administrators. */
export default function PeoplePage() {
  const people = useResource("people", api.people, 30_000);
  const now = useNow(10_000);
  const [link, setLink] = useState<{ name: string; address: string }>();
  const { error, attempt } = useAttempt(people.reload);
  const invite = (name: string, role: Role) => attempt(async () => setLink({ name, address: location.origin + (await api.invite(name, role)).path }));
  return (
    <div className="settings-section">
      <ErrorBar error={error} />
      {link && (
        <section className="panel" aria-label={t.linkFor(link.name)}>
          <h2>{t.linkFor(link.name)}</h2>
          <p className="muted">{t.linkHint}</p>
          <div className="secret"><pre data-testid="link">{link.address}</pre><CopyButton value={link.address} /></div>
        </section>
      )}
      {people.data ? (
        <>
          <StaleBar error={people.error} onRetry={people.reload} />
          <div className="table-frame">
            <table className="table">
              <thead><tr><th scope="col">{t.name}</th><th scope="col">{t.role}</th><th scope="col">{t.state}</th><th scope="col">{t.seen}</th><th scope="col"><span className="visually-hidden">{t.link}</span></th></tr></thead>
              <tbody>
                {people.data.map((p) => <Row key={p.id} person={p} now={now} onLink={() => invite(p.name, p.role)} onChange={(change) => attempt(() => api.changePerson(p.id, change))} />)}
              </tbody>
            </table>
          </div>
          <Invite onInvite={invite} />
        </>
      ) : people.error ? <FailureView error={people.error} onRetry={people.reload} /> : <LoadingRows rows={3} />}
    </div>
  );
}

function Row({ person: p, now, onLink, onChange }: { person: Person; now: number; onLink: () => void; onChange: (change: { role?: Role; disabled?: boolean }) => void }) {
  return (
    <tr>
      <td><strong>{p.name}</strong></td>
      <td>
        <Select size="small" aria-label={t.roleOf(p.name)} value={p.role} onChange={(_, d) => onChange({ role: d.value as Role })}>
          {roles.map((r) => <option key={r} value={r}>{text.roles[r]}</option>)}
        </Select>
      </td>
      <td>{p.disabled ? t.disabled : p.passwordSet ? t.active : t.noPassword}</td>
      <td><Ago at={p.seen} now={now} /></td>
      <td className="right">
        <Button size="small" appearance="subtle" onClick={onLink}>{t.link}</Button>
        <Button size="small" appearance="subtle" onClick={() => onChange({ disabled: !p.disabled })}>{p.disabled ? t.enable : t.disable}</Button>
      </td>
    </tr>
  );
}

function Invite({ onInvite }: { onInvite: (name: string, role: Role) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("Responder");
  return (
    <form className="panel account-form" onSubmit={(e) => { e.preventDefault(); onInvite(name.trim(), role); setName(""); }}>
      <h2>{t.invite}</h2>
      <Field label={t.name}><Input value={name} maxLength={128} onChange={(_, d) => setName(d.value)} /></Field>
      <Field label={t.role} hint={text.roleHints[role]}>
        <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>{roles.map((r) => <option key={r} value={r}>{text.roles[r]}</option>)}</Select>
      </Field>
      <Button appearance="primary" type="submit" disabled={name.trim() === ""}>{t.create}</Button>
    </form>
  );
}
