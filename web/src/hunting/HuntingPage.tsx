import { Button, Input, Select } from "@fluentui/react-components";
import { useRef, useState } from "react";
import { api, explain, type ApiError } from "../api/client";
import type { Note, QueryResult, Rule } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useResource } from "../api/useResource";
import { linkTo } from "../app/router";
import { useMay } from "../app/settings";
import { legible } from "../format/legible";
import { formatCount } from "../format/number";
import { formatLink, keptRange } from "../logs/link";
import { boundsOwnTime, toTimespan, type TimeRange } from "../logs/range";
import { text } from "../text/en";
import { keptText } from "../text/kept";
import { SearchRegular } from "../ui/icons";
import { Instant, PageHeader, SeverityTag } from "../ui/parts";
import { EmptyView, ErrorBar, FailureView, LoadingRows, StaleBar } from "../ui/states";
import { countQuery, kindOf, lookupQuery, refang, rowsQuery } from "./lookup";
import "./hunting.css";

const t = text.hunting;
const ranges: [string, string][] = [["PT24H", t.hours(24)], ["P7D", t.days(7)], ["P30D", t.days(30)], ["P90D", t.days(90)], ["P365D", t.days(365)]];

/** One box for whatever was pasted, all hunts, and bookmarks. */
export default function HuntingPage() {
  const [last, setLast] = useState("P30D");
  return (
    <div className="page hunting">
      <PageHeader
        title={t.title} detail={t.detail}
        actions={
          <>
            <a {...linkTo("/investigations")}>{keptText.reports.link}</a>
            <Select size="small" aria-label={t.range} value={last} onChange={(_, d) => setLast(d.value)}>
              {ranges.map(([value, label]) => <option key={value} value={value}>{label}</option>)}
            </Select>
          </>
        }
      />
      <Lookup range={{ last }} />
      <Hunts range={{ last }} />
      <Bookmarks />
    </div>
  );
}

type Found = { state: "idle" } | { state: "looking" } | { state: "failed"; error: ApiError } | { state: "done"; value: string; result: QueryResult };

function Lookup({ range }: { range: TimeRange }) {
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<Found>({ state: "idle" });
  const running = useRef<AbortController>(undefined);
  const value = refang(typed);
  const find = () => {
    running.current?.abort();
    const abort = (running.current = new AbortController());
    setFound({ state: "looking" });
    api.query(lookupQuery(value), toTimespan(range, Date.now()), abort.signal).then(
      (result) => setFound({ state: "done", value, result }),
      (cause) => !abort.signal.aborted && setFound({ state: "failed", error: explain(cause) }),
    );
  };
  return (
    <section className="panel hunting-lookup" aria-label={t.find}>
      <form role="search" onSubmit={(e) => { e.preventDefault(); find(); }}>
        <Input className="hunting-box" size="large" type="search" contentBefore={<SearchRegular />} aria-label={t.search} placeholder={t.search} value={typed} onChange={(_, d) => setTyped(d.value)} />
        <Button size="large" appearance="primary" type="submit" disabled={value === ""}>{t.find}</Button>
      </form>
      {value !== "" && <p className="muted small">{t.readAs(t.kinds[kindOf(value)]!)}</p>}
      {found.state === "looking" && <LoadingRows rows={3} />}
      {found.state === "failed" && <FailureView error={found.error} onRetry={find} />}
      {found.state === "done" && <Where value={found.value} result={found.result} range={range} />}
    </section>
  );
}

function Where({ value, result, range }: { value: string; result: QueryResult; range: TimeRange }) {
  if (result.rows.length === 0) return <EmptyView title={t.nowhere} detail={t.nowhereDetail} />;
  const rows = result.rows.map(([table, n, first, last]) => ({ table: String(table), n: Number(n), first: String(first), last: String(last) }));
  return (
    <>
      <p role="status">{t.over(formatCount(rows.reduce((sum, r) => sum + r.n, 0)), rows.length)}</p>
      <div className="table-frame">
        <table className="table">
          <thead><tr><th scope="col">{t.columns.table}</th><th scope="col" className="right">{t.columns.rows}</th><th scope="col">{t.columns.first}</th><th scope="col">{t.columns.last}</th></tr></thead>
          <tbody>
            {rows.map((r) => (
              <tr key={r.table}>
                <td><a {...linkTo(formatLink({ query: rowsQuery(r.table, value), range }))}>{r.table}</a></td>
                <td className="right numeric">{formatCount(r.n)}</td><td><Instant at={r.first} /></td><td><Instant at={r.last} /></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

interface Count { now?: number; before?: number; error?: string }

/** How many hunts run at once; more would only wait for the engine. */
const atOnce = 2;

function Hunts({ range }: { range: TimeRange }) {
  const rules = useResource("rules", api.rules);
  const [counts, setCounts] = useState<Record<string, Count>>({});
  const running = useRef<AbortController>(undefined);
  const [busy, setBusy] = useState(false);

  const run = async (all: Rule[]) => {
    const abort = (running.current = new AbortController());
    setCounts({});
    setBusy(true);
    const now = Date.now();
    const span = toTimespan(range, now);
    const length = now - new Date(span.from!).getTime();
    const before = { from: new Date(now - 2 * length).toISOString(), to: span.from };
    const waiting = [...all];
    const work = async () => {
      for (let rule = waiting.shift(); rule && !abort.signal.aborted; rule = waiting.shift()) {
        const id = rule.id;
        try {
          const count = async (over: typeof span) => Number((await api.query(countQuery(rule!.query), over, abort.signal)).rows[0]?.[0] ?? 0);
          // A query that bounds its own time says nothing of the range before.
          const found = { now: await count(span), before: boundsOwnTime(rule.query) ? undefined : await count(before) };
          setCounts((old) => ({ ...old, [id]: found }));
        } catch (cause) {
          if (!abort.signal.aborted) setCounts((old) => ({ ...old, [id]: { error: explain(cause).message } }));
        }
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    setBusy(false);
  };

  const done = Object.keys(counts).length;
  const rank = (r: Rule) => counts[r.id]?.now ?? -1;
  const shown = done > 0 ? [...(rules.data ?? [])].sort((a, b) => rank(b) - rank(a)) : (rules.data ?? []);
  return (
    <section className="panel" aria-label={t.hunts}>
      <div className="question-head">
        <div><h2>{t.hunts}</h2><p className="muted small">{t.huntsDetail}</p></div>
        <span className="hunting-actions">
          {busy && <span className="muted numeric" role="status">{t.progress(done, rules.data?.length ?? 0)}</span>}
          {busy ? <Button onClick={() => running.current?.abort()}>{t.stop}</Button> : <Button disabled={!rules.data?.length} onClick={() => void run(rules.data!)}>{t.run}</Button>}
        </span>
      </div>
      {rules.data ? (
        rules.data.length === 0 ? <EmptyView title={t.noHunts} detail={t.noHuntsDetail} /> : (
          <div className="table-frame table-frame-inner hunting-list">
            <table className="table">
              <thead><tr><th scope="col">{t.columns.severity}</th><th scope="col">{t.columns.hunt}</th><th scope="col" className="right">{t.columns.now}</th><th scope="col" className="right">{t.columns.before}</th><th scope="col" className="right">{t.columns.delta}</th></tr></thead>
              <tbody>{shown.map((r) => <Hunt key={r.id} rule={r} count={counts[r.id]} range={range} />)}</tbody>
            </table>
          </div>
        )
      ) : rules.error ? <FailureView error={rules.error} onRetry={rules.reload} /> : <LoadingRows rows={4} />}
    </section>
  );
}

function Hunt({ rule, count, range }: { rule: Rule; count: Count | undefined; range: TimeRange }) {
  const delta = count?.now !== undefined && count.before !== undefined ? count.now - count.before : undefined;
  return (
    <tr className={count?.now ? undefined : "muted"}>
      <td><SeverityTag severity={rule.severity} /></td>
      <td><a {...linkTo(formatLink({ query: rule.query, range }))}>{rule.name}</a></td>
      {count?.error ? <td colSpan={3} className="bad" title={count.error}>{t.failed}: {count.error.split("\n")[0]}</td> : (
        <>
          <td className="right numeric">{count?.now === undefined ? "" : formatCount(count.now)}</td>
          <td className="right numeric">{count?.before === undefined ? "" : formatCount(count.before)}</td>
          <td className="right numeric">{delta === undefined ? "" : delta > 0 ? `+${formatCount(delta)}` : formatCount(delta)}</td>
        </>
      )}
    </tr>
  );
}

function Bookmarks() {
  const notes = useResource("notes", api.notes, 30_000);
  const may = useMay("Responder");
  const marks = notes.data?.filter((n) => n.kind === "bookmark");
  const remove = (n: Note) => void api.removeNote(n.id).finally(notes.reload);
  return (
    <section className="panel" aria-label={t.bookmarks}>
      <h2>{t.bookmarks}</h2>
      {notes.data && <StaleBar error={notes.error} onRetry={notes.reload} />}
      {marks ? (
        marks.length === 0 ? <p className="muted">{t.noBookmarks}</p> : (
          <ul className="bookmarks">
            {marks.map((n) => (
              <li key={n.id}>
                <div className="bookmark-text">
                  <a {...linkTo(formatLink({ query: n.query, range: keptRange(n.range) ?? { last: "P30D" } }))}>{legible(n.title)}</a>
                  {n.remark && <p>{n.remark}</p>}
                  <p className="muted small"><Instant at={n.created} /> {t.by(n.owner)}</p>
                </div>
                {may && <IntoIncident note={n} />}
                {may && <Button size="small" appearance="subtle" onClick={() => remove(n)}>{t.remove}</Button>}
              </li>
            ))}
          </ul>
        )
      ) : notes.error ? <FailureView error={notes.error} onRetry={notes.reload} /> : <LoadingRows rows={2} />}
    </section>
  );
}

/** Puts a bookmark into the story of an incident, with its query and its row. */
function IntoIncident({ note: n }: { note: Note }) {
  const [open, setOpen] = useState(false);
  const [into, setInto] = useState<string>();
  const { error, attempt } = useAttempt();
  const put = (id: string) => attempt(async () => {
    await api.changeIncident(id, { comment: [n.title, n.remark, n.query, n.row && JSON.stringify(n.row, null, 1)].filter(Boolean).join("\n\n") });
    setInto(id);
  });
  if (into) return <a className="small" {...linkTo("/incidents/" + encodeURIComponent(into))}>{t.inIncident}</a>;
  if (!open) return <Button size="small" onClick={() => setOpen(true)}>{t.intoIncident}</Button>;
  return <><OpenIncidents label={t.intoIncidentOf(n.title)} onChoose={(id) => void put(id)} /><ErrorBar error={error} /></>;
}

function OpenIncidents({ label, onChoose }: { label: string; onChoose: (id: string) => void }) {
  const open = useResource("open incidents", (signal) => api.incidents({ status: ["New", "Active"], severity: [], text: "", limit: 100 }, signal));
  return (
    <Select size="small" aria-label={label} value="" disabled={!open.data} onChange={(_, d) => d.value && onChoose(d.value)}>
      <option value="">{open.error ? open.error.message : t.whichIncident}</option>
      {open.data?.incidents.map((i) => <option key={i.id} value={i.id}>{`#${i.number} ${i.title}`}</option>)}
    </Select>
  );
}
