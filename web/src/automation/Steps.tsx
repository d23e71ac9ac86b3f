import type { AutomationStep } from "../api/types";
import { linkTo } from "../app/router";
import { automationText as t } from "../text/automation";
import { Ago } from "../ui/parts";

/** Actions of automation, and what became of them. */
export function Steps({ steps, now, linked = false }: { steps: AutomationStep[]; now: number; linked?: boolean }) {
  return (
    <ul className="automation-steps">
      {steps.map((s, n) => (
        <li key={n}>
          <span className={`automation-state automation-${s.state}`}>{t.states[s.state]}</span>
          <div>
            <div>{linked ? <a {...linkTo("/incidents/" + encodeURIComponent(s.incident))}>{s.action}</a> : <>{s.action} <span className="muted small">{s.ruleName}</span></>}</div>
            <div className="muted small">
              {s.state === "waiting" ? <>{t.next} <Ago at={s.due} now={now} />, {t.attempts(s.attempts)}</> : <Ago at={s.ended} now={now} />}
            </div>
            {s.error && <div className="bad small">{s.error}</div>}
          </div>
        </li>
      ))}
    </ul>
  );
}
