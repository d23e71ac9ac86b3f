import { Tab, TabList } from "@fluentui/react-components";
import { useState } from "react";
import { api } from "../api/client";
import type { IncidentDetail } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { legible } from "../format/legible";
import { automationText } from "../text/automation";
import { text } from "../text/en";
import { EntityIcon, Instant, PageHeader, SeverityTag, StatusTag, Tactics, useNow } from "../ui/parts";
import { FailureView, LoadingRows, StaleBar } from "../ui/states";
import { Steps } from "../automation/Steps";
import "../automation/automation.css";
import { AlertCard } from "./AlertCard";
import { Custody } from "./Custody";
import { EntityGraph } from "./EntityGraph";
import { ManagePanel } from "./ManagePanel";
import { RegisterView } from "./RegisterView";
import { SplitBar, TasksPanel } from "./Tasks";
import { Timeline } from "./Timeline";
import "./incidents.css";

const t = text.incidents;

/** One incident: its story, its alerts with their evidence, and what to do. */
export default function DetailPage({ id }: { id: string }) {
  const incident = useResource("incident " + id, (signal) => api.incident(id, signal), 15_000, "incidents");
  if (incident.data) {
    return (
      <div className="page">
        <StaleBar error={incident.error} onRetry={incident.reload} />
        <Detail incident={incident.data} onChanged={incident.replace} />
      </div>
    );
  }
  return <div className="page">{incident.error ? <FailureView error={incident.error} onRetry={incident.reload} /> : <LoadingRows rows={8} />}</div>;
}

function Detail({ incident, onChanged }: { incident: IncidentDetail; onChanged: (i: IncidentDetail) => void }) {
  const [view, setView] = useState<"story" | "alerts" | "entities" | "graph" | "register">("story");
  const [chosen, setChosen] = useState<string[]>([]);
  const [alert, setAlert] = useState<string>();
  const showAlert = (id: string) => {
    setAlert(id);
    setView("alerts");
  };
  return (
    <>
      <PageHeader
        before={<nav className="crumbs" aria-label={text.breadcrumb}><a {...linkTo("/incidents")}>{t.back}</a><span aria-hidden="true">/</span><span className="numeric">#{incident.number}</span></nav>}
        title={incident.title} name={`#${incident.number} ${incident.title}`} detail={incident.description}
      />
      <div className="incident-tags">
        <SeverityTag severity={incident.severity} />
        <StatusTag status={incident.status} />
        {incident.classification && <span className="tag tag-quiet">{text.classification[incident.classification] ?? incident.classification}</span>}
        <Tactics tactics={incident.tactics} techniques={incident.techniques} />
      </div>
      <div className="incident-columns">
        <div className="incident-main">
          <TabList selectedValue={view} onTabSelect={(_, d) => setView(d.value as typeof view)}>
            <Tab value="story">{t.story}</Tab>
            <Tab value="alerts">{t.alerts} <span className="muted numeric">{incident.alerts.length}</span></Tab>
            <Tab value="entities">{t.entities} <span className="muted numeric">{incident.entities.length}</span></Tab>
            <Tab value="graph">{t.graph.tab}</Tab>
            <Tab value="register">{t.register}</Tab>
          </TabList>
          <div className="incident-view">
            {view === "story" && <Timeline entries={incident.timeline} onAlert={showAlert} />}
            {view === "alerts" && <SplitBar incident={incident} chosen={chosen} />}
            {view === "alerts" && incident.alerts.map((a, n) => (
              <AlertCard
                key={a.id} alert={a} initiallyOpen={alert ? a.id === alert : n === 0} chosen={chosen.includes(a.id)}
                onChosen={incident.alerts.length < 2 ? undefined : (on) => setChosen(on ? [...chosen, a.id] : chosen.filter((id) => id !== a.id))}
              />
            ))}
            {view === "register" && <RegisterView id={incident.id} />}
            {view === "graph" && <EntityGraph incident={incident} onAlert={showAlert} />}
            {view === "entities" && <Entities incident={incident} />}
          </div>
        </div>
        <aside className="incident-side">
          <ManagePanel key={incident.id} incident={incident} onChanged={onChanged} />
          <TasksPanel key={"tasks " + incident.id} incident={incident} onChanged={onChanged} />
          <Custody key={"custody " + incident.id} id={incident.id} />
          <AutomationOf number={incident.number} />
          <Facts incident={incident} />
        </aside>
      </div>
    </>
  );
}

/** What automation did with the incident and what it has yet to do; nothing where there is none. */
function AutomationOf({ number }: { number: number }) {
  const steps = useResource(`automation of ${number}`, (signal) => api.automationSteps(number, signal), 30_000, "incidents");
  const now = useNow(10_000);
  if (!steps.data?.length) return null;
  return <section className="panel" aria-label={automationText.ofIncident}><h2>{automationText.ofIncident}</h2><Steps steps={steps.data} now={now} /></section>;
}

function Facts({ incident: i }: { incident: IncidentDetail }) {
  const facts: [string, string | undefined][] = [
    [t.columns.first, i.firstActivity], [t.columns.last, i.lastActivity], [t.created, i.created], [t.updated, i.updated], [t.closed, i.closed],
  ];
  return (
    <section className="panel">
      <h2>{t.facts}</h2>
      <dl className="facts">
        {facts.map(([name, at]) => at && <div key={name}><dt>{name}</dt><dd><Instant at={at} /></dd></div>)}
      </dl>
    </section>
  );
}

function Entities({ incident }: { incident: IncidentDetail }) {
  return (
    <ul className="entity-list">
      {incident.entities.map((e, n) => (
        <li key={n} className="panel">
          <EntityIcon kind={e.kind} />
          <div className="entity-text">
            <div className="entity-value"><a {...linkTo(`/entities/${encodeURIComponent(e.kind)}/${encodeURIComponent(e.value)}`)}>{legible(e.value)}</a></div>
            <div className="muted">{text.entity[e.kind] ?? e.kind}</div>
            {e.fields && (
              <dl className="facts">
                {Object.entries(e.fields).filter(([, value]) => value !== e.value).map(([name, value]) => <div key={name}><dt>{name}</dt><dd>{legible(value)}</dd></div>)}
              </dl>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}
