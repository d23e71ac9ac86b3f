import { Button, Field, Input, MessageBar, MessageBarBody, Spinner } from "@fluentui/react-components";
import { useEffect, useState, type FormEvent, type ReactNode } from "react";
import { api, explain, token, type ApiError } from "../api/client";
import type { Session } from "../api/types";
import { text } from "../text/en";
import { rewriteAddress } from "./router";
import { useTitle } from "./title";
import { Mark } from "./Shell";

const t = text.signIn;

/** The secret of a one-time link in the address, which is taken out of it. */
function linkInAddress(): string {
  if (location.pathname !== "/sign-in") return "";
  const secret = new URLSearchParams(location.hash.slice(1)).get("link") ?? "";
  if (secret) rewriteAddress("/sign-in");
  return secret;
}

/** Lets somebody in: by a one-time link, by name and password, or by the token. */
export function SignInPage({ onDone }: { onDone: (session: Session) => void }) {
  useTitle(t.title);
  const [link] = useState(linkInAddress);
  const [way, setWay] = useState<"link" | "password" | "token" | undefined>(link ? "link" : undefined);
  const [ways, setWays] = useState({ password: true, token: true });
  useEffect(() => {
    // If it cannot be told, both are offered.
    api.ways().then((known) => {
      setWays(known);
      setWay((now) => now ?? (known.password ? "password" : "token"));
    }, () => setWay((now) => now ?? "password"));
  }, []);
  if (way === "link") return <ByLink secret={link} onDone={onDone} onOther={() => setWay("password")} />;
  if (way === "token") return <ByToken onDone={onDone} onOther={ways.password ? () => setWay("password") : undefined} />;
  if (way === "password") return <ByPassword onDone={onDone} onOther={ways.token ? () => setWay("token") : undefined} />;
  return <main className="sign-in-page"><Spinner label={text.loading} /></main>;
}

function Card({ title, onSubmit, children }: { title: string; onSubmit: () => void; children: ReactNode }) {
  const submit = (e: FormEvent) => {
    e.preventDefault();
    onSubmit();
  };
  return (
    <main className="sign-in-page">
      <form className="sign-in-card" onSubmit={submit}><Mark size={40} /><h1>{title}</h1>{children}</form>
    </main>
  );
}

// In the page's strict mode an effect runs twice, and a link works once.
const redeemed = new Map<string, Promise<Session>>();
function redeem(secret: string): Promise<Session> {
  const known = redeemed.get(secret);
  if (known) return known;
  const first = api.signIn({ link: secret });
  redeemed.set(secret, first);
  return first;
}

function ByLink({ secret, onDone, onOther }: { secret: string; onDone: (session: Session) => void; onOther: () => void }) {
  const [error, setError] = useState<ApiError>();
  useEffect(() => {
    redeem(secret).then(onDone, (cause) => setError(explain(cause)));
  }, [secret, onDone]);
  if (!error) return <main className="sign-in-page"><Spinner label={t.working} /></main>;
  return (
    <Card title={t.linkTitle} onSubmit={onOther}>
      <p role="alert">{error.code === "unauthorized" ? t.linkDetail : error.message}</p>
      <Button appearance="primary" type="submit">{t.byPassword}</Button>
    </Card>
  );
}

function ByPassword({ onDone, onOther }: { onDone: (session: Session) => void; onOther?: () => void }) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const submit = () => {
    setBusy(true);
    setError(undefined);
    api.signIn({ name: name.trim(), password }).then(onDone, (cause) => {
      setError(explain(cause));
      setBusy(false);
    });
  };
  return (
    <Card title={t.title} onSubmit={submit}>
      {error && <MessageBar intent="error"><MessageBarBody>{error.message}</MessageBarBody></MessageBar>}
      <Field label={t.name}><Input value={name} autoComplete="username" onChange={(_, d) => setName(d.value)} autoFocus /></Field>
      <Field label={t.password}><Input type="password" value={password} autoComplete="current-password" onChange={(_, d) => setPassword(d.value)} /></Field>
      <Button appearance="primary" type="submit" disabled={busy || name.trim() === "" || password === ""}>{busy ? t.working : t.submit}</Button>
      <p className="muted small">{t.forgotten}</p>
      {onOther && <button type="button" className="link-button" onClick={onOther}>{t.byToken}</button>}
    </Card>
  );
}

function ByToken({ onDone, onOther }: { onDone: (session: Session) => void; onOther?: () => void }) {
  const [value, setValue] = useState("");
  const [refused, setRefused] = useState(token.get() !== "");
  const submit = () => {
    token.set(value.trim());
    api.session().then(onDone, () => {
      token.clear();
      setRefused(true);
    });
  };
  return (
    <Card title={t.tokenTitle} onSubmit={submit}>
      <p>{t.tokenDetail}</p>
      <Field label={t.token} validationMessage={refused ? t.refused : undefined}>
        <Input type="password" autoComplete="off" value={value} onChange={(_, d) => setValue(d.value)} autoFocus />
      </Field>
      <Button appearance="primary" type="submit" disabled={value.trim() === ""}>{t.next}</Button>
      {onOther && <button type="button" className="link-button" onClick={onOther}>{t.byPassword}</button>}
    </Card>
  );
}
