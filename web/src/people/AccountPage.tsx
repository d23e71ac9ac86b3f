import { Button, Field, Input, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { Session } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useSession } from "../app/settings";
import { text } from "../text/en";
import { PageHeader } from "../ui/parts";
import { LockClosedRegular } from "../ui/icons";
import { EmptyView, ErrorBar } from "../ui/states";

const t = text.account;

/** One's own name, role and password. */
export default function AccountPage({ onSession }: { onSession: (session: Session) => void }) {
  const session = useSession();
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [again, setAgain] = useState("");
  const [done, setDone] = useState(false);
  const { error, busy, attempt } = useAttempt();
  const differ = again !== "" && again !== next;
  const submit = () => attempt(async () => {
    onSession(await api.setPassword(current, next));
    setDone(true);
    setCurrent("");
    setNext("");
    setAgain("");
  });
  return (
    <div className="page account">
      <PageHeader title={t.title} />
      <section className="panel account-facts">
        <dl className="facts">
          <div><dt>{t.name}</dt><dd>{session.name}</dd></div>
          <div><dt>{t.role}</dt><dd>{text.roles[session.role]} <span className="muted">({text.roleHints[session.role]})</span></dd></div>
        </dl>
      </section>
      {session.by !== "session" ? <EmptyView icon={<LockClosedRegular />} title={t.noPassword} detail={session.by === "token" ? t.byToken : t.open} /> : (
        <form className="panel account-form" aria-busy={busy} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
          <h2>{t.password}</h2>
          {done && <MessageBar intent="success"><MessageBarBody>{t.saved}</MessageBarBody></MessageBar>}
          <ErrorBar error={error} />
          <input type="text" name="username" autoComplete="username" value={session.name} readOnly hidden />
          {session.passwordSet && <Field label={t.current}><Input type="password" autoComplete="current-password" value={current} onChange={(_, d) => setCurrent(d.value)} /></Field>}
          <Field label={t.next} hint={t.hint}><Input type="password" autoComplete="new-password" value={next} onChange={(_, d) => setNext(d.value)} /></Field>
          <Field label={t.again} validationMessage={differ ? t.differ : undefined}><Input type="password" autoComplete="new-password" value={again} onChange={(_, d) => setAgain(d.value)} /></Field>
          <Button appearance="primary" type="submit" disabled={busy || next.length < 12 || next !== again} icon={busy ? <Spinner size="tiny" /> : undefined}>{t.save}</Button>
        </form>
      )}
    </div>
  );
}
