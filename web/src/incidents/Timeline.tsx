import {
  AlertRegular, ArrowSyncRegular, CommentRegular, FlagRegular, FlashFlowRegular, PersonRegular, PulseRegular, TagRegular, WarningRegular,
} from "../ui/icons";
import type { ReactNode } from "react";
import type { TimelineEntry } from "../api/types";
import { legible } from "../format/legible";
import { text } from "../text/en";
import { EntityChip, Instant, SeverityTag } from "../ui/parts";
import { EmptyView } from "../ui/states";

const icons: Record<string, ReactNode> = {
  activity: <PulseRegular />, alert: <AlertRegular />, "alert-updated": <AlertRegular />, created: <WarningRegular />, status: <FlagRegular />,
  severity: <FlagRegular />, owner: <PersonRegular />, classification: <TagRegular />, reopened: <ArrowSyncRegular />, comment: <CommentRegular />, automation: <FlashFlowRegular />,
};

/** Kinds whose title says all; for others the kind is written before it. */
const speaking = new Set(["activity", "alert", "alert-updated", "comment"]);

/** The story of an incident, earliest first. */
export function Timeline({ entries, onAlert }: { entries: TimelineEntry[]; onAlert: (id: string) => void }) {
  if (entries.length === 0) return <EmptyView title={text.incidents.noTimeline} />;
  return <ol className="timeline">{entries.map((entry, n) => <Entry key={n} entry={entry} onAlert={onAlert} />)}</ol>;
}

function Entry({ entry, onAlert }: { entry: TimelineEntry; onAlert: (id: string) => void }) {
  // What a query of automation found stands below what was done.
  const said = legible(entry.title);
  const [title, ...found] = entry.kind === "automation" ? said.split("\n") : [said];
  return (
    <li className={`timeline-entry timeline-${entry.kind}`}>
      <span className="timeline-dot" title={text.incidents.timeline[entry.kind] ?? entry.kind}>{icons[entry.kind] ?? <PulseRegular />}</span>
      <div className="timeline-time"><Instant at={entry.time} /></div>
      <div className="timeline-text">
        <div className="timeline-title">
          {!speaking.has(entry.kind) && <span className="muted">{text.incidents.timeline[entry.kind] ?? entry.kind}: </span>}
          {entry.alertId ? <button type="button" className="link-button" onClick={() => onAlert(entry.alertId!)}>{title}</button> : title}
          {entry.severity && <SeverityTag severity={entry.severity} />}
        </div>
        {found.length > 0 && <pre className="timeline-found" tabIndex={0}>{found.join("\n")}</pre>}
        {entry.detail && <div className="timeline-detail">{legible(entry.detail)}</div>}
        {entry.actor && <div className="muted timeline-actor">{legible(entry.actor)}</div>}
        {entry.entities && entry.entities.length > 0 && <div className="chip-row">{entry.entities.map((e, i) => <EntityChip key={i} entity={e} />)}</div>}
      </div>
    </li>
  );
}
