import { Tooltip } from "@fluentui/react-components";
import {
  CloudRegular, DesktopRegular, DocumentRegular, GlobeRegular, LinkRegular, MailInboxRegular, MailRegular,
  PersonRegular, TagRegular,
} from "./icons";
import { useEffect, useState, type ReactNode } from "react";
import type { Entity, IncidentStatus, Severity } from "../api/types";
import { useSettings } from "../app/settings";
import { useTitle } from "../app/title";
import { legible } from "../format/legible";
import { formatAgo, formatInstant } from "../format/time";
import { text } from "../text/en";

/** The heading of a page, with what can be done on it at the right. The name is the browser's, where it is not the title. */
export function PageHeader({ title, name, detail, actions, before }: { title: ReactNode; name?: string; detail?: ReactNode; actions?: ReactNode; before?: ReactNode }) {
  useTitle(name ?? (typeof title === "string" ? title : ""));
  return (
    <div className="page-header">
      <div className="page-heading">
        {before}
        <h1>{typeof title === "string" ? legible(title) : title}</h1>
        {detail && <p>{typeof detail === "string" ? legible(detail) : detail}</p>}
      </div>
      {actions && <div className="page-actions">{actions}</div>}
    </div>
  );
}

/** Severity by word and shape as well as colour. */
export function SeverityTag({ severity }: { severity: Severity }) {
  return (
    <span className={`severity severity-${severity.toLowerCase()}`}>
      <span className="severity-bars" aria-hidden="true"><i /><i /><i /></span>
      {text.severity[severity] ?? severity}
    </span>
  );
}

export function StatusTag({ status }: { status: IncidentStatus }) {
  return <span className={`tag status-${status.toLowerCase()}`}>{text.status[status] ?? status}</span>;
}

const entityIcons: Record<string, ReactNode> = {
  Account: <PersonRegular />, IP: <GlobeRegular />, URL: <LinkRegular />, Mailbox: <MailInboxRegular />, MailMessage: <MailRegular />,
  File: <DocumentRegular />, FileHash: <DocumentRegular />, Host: <DesktopRegular />, DNS: <GlobeRegular />, CloudApplication: <CloudRegular />,
};

export function EntityChip({ entity }: { entity: Entity }) {
  const kind = text.entity[entity.kind] ?? entity.kind;
  return (
    <span className="chip" title={`${kind}: ${legible(entity.value)}`}>
      <span className="chip-icon" aria-label={kind} role="img">{entityIcons[entity.kind] ?? <TagRegular />}</span>
      <span className="chip-text">{legible(entity.value)}</span>
    </span>
  );
}

export function EntityIcon({ kind }: { kind: string }) {
  return <span className="entity-icon" aria-hidden="true">{entityIcons[kind] ?? <TagRegular />}</span>;
}

/** The tactic "InitialAccess" as "Initial access". */
export function tacticName(tactic: string): string {
  const words = tactic.replace(/([a-z])([A-Z])/g, "$1 $2").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function Tactics({ tactics, techniques = [] }: { tactics: string[]; techniques?: string[] }) {
  return (
    <span className="chip-row">
      {tactics.map((t) => <span key={t} className="tag tag-quiet">{tacticName(t)}</span>)}
      {techniques.map((t) => <span key={t} className="tag tag-quiet mono">{t}</span>)}
    </span>
  );
}

/** The present, ticking, so that "4 min ago" stays true. */
export function useNow(every = 1000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNow(Date.now()), every);
    return () => window.clearInterval(timer);
  }, [every]);
  return now;
}

/** An instant in the chosen zone; how long ago it was on hover. */
export function Instant({ at }: { at: string }) {
  const { zone } = useSettings();
  return (
    <Tooltip content={formatAgo(at, Date.now())} relationship="description">
      <time dateTime={at} className="nowrap">{formatInstant(at, zone).slice(0, 19)}</time>
    </Tooltip>
  );
}

/** How long ago, with the instant on hover. */
export function Ago({ at, now, never = text.never }: { at: string | null | undefined; now: number; never?: string }) {
  const { zone } = useSettings();
  if (!at) return <span className="muted">{never}</span>;
  return <time dateTime={at} title={formatInstant(at, zone)} className="nowrap">{formatAgo(at, now)}</time>;
}
