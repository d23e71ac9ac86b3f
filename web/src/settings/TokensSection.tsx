import { Button, Field, Input, Select } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import { roles, type NewToken, type Role } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { text } from "../text/en";
import { CopyButton } from "../ui/CopyButton";
import { KeyRegular } from "../ui/icons";
import { Ago, useNow } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";

const t = text.tokens;

/** Access tokens of programs: made, shown once, listed, revoked. */
export default function TokensSection() {
  const tokens = useResource("tokens", api.tokens);
  const now = useNow(10_000);
  const [made, setMade] = useState<NewToken>();
  const { error, attempt } = useAttempt(tokens.reload);
  if (!tokens.data) return tokens.error ? <FailureView error={tokens.error} onRetry={tokens.reload} /> : <LoadingRows rows={3} />;
  return (
    <div className="settings-section">
      <StaleBar error={tokens.error} onRetry={tokens.reload} />
      <ErrorBar error={error} />
      {made && (
        <section className="panel" aria-label={t.secretOf(made.name)}>
          <h2>{t.secretOf(made.name)}</h2>
          <p className="muted">{t.once}</p>
          <div className="secret">
            <pre data-testid="secret">{made.secret}</pre>
            <CopyButton value={made.secret} />
          </div>
        </section>
      )}
      {tokens.data.length === 0 ? <EmptyView icon={<KeyRegular />} title={t.emptyTitle} detail={t.emptyDetail} /> : (
        <div className="table-frame">
          <table className="table">
            <thead><tr><th scope="col">{t.name}</th><th scope="col">{text.people.role}</th><th scope="col">{t.author}</th><th scope="col">{t.used}</th><th scope="col">{t.expires}</th><th scope="col"><span className="visually-hidden">{t.revoke}</span></th></tr></thead>
            <tbody>
              {tokens.data.map((one) => (
                <tr key={one.id}>
                  <td><strong>{one.name}</strong></td>
                  <td>{text.roles[one.role]}</td>
                  <td>{one.author}, <Ago at={one.created} now={now} /></td>
                  <td><Ago at={one.used} now={now} /></td>
                  <td className={one.expires && new Date(one.expires).getTime() < now ? "bad" : undefined}>{one.expires ? <Ago at={one.expires} now={now} /> : t.endless}</td>
                  <td className="right">
                    <Button size="small" appearance="subtle" aria-label={t.revokeOf(one.name)} onClick={() => attempt(async () => { await api.revokeToken(one.id); if (made?.id === one.id) setMade(undefined); })}>{t.revoke}</Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Make onMake={(name, role, days) => attempt(async () => setMade(await api.newToken(name, role, days)))} />
    </div>
  );
}

const lengths = [7, 30, 90, 365, 0];

function Make({ onMake }: { onMake: (name: string, role: Role, days: number) => Promise<boolean> }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState<Role>("Reader");
  const [days, setDays] = useState(90);
  return (
    <form className="panel inline-form" onSubmit={(e) => { e.preventDefault(); void onMake(name.trim(), role, days).then((ok) => ok && setName("")); }}>
      <h2>{t.make}</h2>
      <Field label={t.name}><Input value={name} maxLength={128} onChange={(_, d) => setName(d.value)} /></Field>
      <Field label={text.people.role}>
        <Select value={role} onChange={(_, d) => setRole(d.value as Role)}>{roles.map((r) => <option key={r} value={r}>{text.roles[r]}</option>)}</Select>
      </Field>
      <Field label={t.lasts}>
        <Select value={String(days)} onChange={(_, d) => setDays(Number(d.value))}>{lengths.map((n) => <option key={n} value={n}>{n ? t.days(n) : t.endless}</option>)}</Select>
      </Field>
      <Button appearance="primary" type="submit" disabled={name.trim() === ""}>{t.create}</Button>
    </form>
  );
}
