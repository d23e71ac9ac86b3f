import { Button, Checkbox } from "@fluentui/react-components";
import { ChevronDownRegular, ChevronRightRegular, OpenRegular } from "../ui/icons";
import { useMemo, useState } from "react";
import type { Alert } from "../api/types";
import { linkTo, navigate } from "../app/router";
import { legible } from "../format/legible";
import { Grid } from "../grid/Grid";
import { RowDetails } from "../grid/RowDetails";
import { formatLink } from "../logs/link";
import { anyRule, formatRuleFilter } from "../rules/filter";
import { text } from "../text/en";
import { EntityChip, Instant, SeverityTag, Tactics } from "../ui/parts";

const t = text.incidents;
const evidenceRows = 8;

/** An alert with the rows it stands on. */
export function AlertCard({ alert, initiallyOpen, chosen = false, onChosen }: { alert: Alert; initiallyOpen: boolean; chosen?: boolean; onChosen?: (on: boolean) => void }) {
  const [open, setOpen] = useState(initiallyOpen);
  return (
    <section className="panel alert-card" aria-label={alert.name}>
      <div className="alert-head">
        {onChosen && <Checkbox aria-label={t.choose(alert.name)} checked={chosen} onChange={(_, d) => onChosen(d.checked === true)} />}
        <button type="button" className="alert-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? <ChevronDownRegular /> : <ChevronRightRegular />}<span>{legible(alert.name)}</span>
        </button>
        <SeverityTag severity={alert.severity} />
        <div className="shell-space" />
        <span className="muted"><Instant at={alert.lastActivity} /></span>
      </div>
      {open && <AlertBody alert={alert} />}
    </section>
  );
}

function AlertBody({ alert }: { alert: Alert }) {
  return (
    <div className="alert-body">
      {alert.description && <p>{legible(alert.description)}</p>}
      <div className="chip-row">{alert.entities.map((e, i) => <EntityChip key={i} entity={e} />)}</div>
      <Tactics tactics={alert.tactics} techniques={alert.techniques} />
      <dl className="facts facts-row">
        <div><dt>{t.rule}</dt><dd className="mono"><a {...linkTo(formatRuleFilter({ ...anyRule, rule: alert.ruleId }))}>{alert.ruleId}</a></dd></div>
        <div><dt>{t.activity}</dt><dd><Instant at={alert.firstActivity} /> – <Instant at={alert.lastActivity} /></dd></div>
      </dl>
      <Evidence alert={alert} />
      <details className="alert-query">
        <summary>{t.query}</summary>
        <pre>{legible(alert.query)}</pre>
      </details>
    </div>
  );
}

function Evidence({ alert }: { alert: Alert }) {
  const { evidence } = alert;
  const [opened, setOpened] = useState<number>();
  const order = useMemo(() => Uint32Array.from(evidence.rows.keys()), [evidence]);
  return (
    <div className="evidence">
      <div className="evidence-head">
        <h3>{t.evidence} <span className="muted numeric">{t.evidenceRows(evidence.rows.length)}{evidence.truncated ? ` (${t.truncated})` : ""}</span></h3>
        <Button
          size="small" icon={<OpenRegular />}
          onClick={() => navigate(formatLink({ query: alert.query, range: { from: alert.from, to: alert.to } }))}
        >
          {t.openInLogs}
        </Button>
      </div>
      {evidence.rows.length > 0 && (
        <div className="evidence-grid">
          <Grid table={evidence} order={order} fitRows={evidenceRows} onOpen={setOpened} opened={opened} label={t.evidence} />
          {opened !== undefined && <RowDetails table={evidence} order={order} row={opened} onRow={setOpened} onClose={() => setOpened(undefined)} />}
        </div>
      )}
    </div>
  );
}
