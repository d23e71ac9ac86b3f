import { Button, Spinner } from "@fluentui/react-components";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { api } from "../api/client";
import type { DashboardParameter, DashboardTile, QueryResult, Timespan } from "../api/types";
import { useResource } from "../api/useResource";
import { linkTo, navigate } from "../app/router";
import { kindOf } from "../chart/model";
import { formatCount } from "../format/number";
import { Grid } from "../grid/Grid";
import { formatLink } from "../logs/link";
import type { TimeRange } from "../logs/range";
import { text } from "../text/en";
import { OpenRegular } from "../ui/icons";
import { asked, standalone, type Values } from "./values";

const ChartView = lazy(() => import("../chart/ChartView"));
const t = text.dashboards;

interface Props {
  tile: DashboardTile;
  parameters: DashboardParameter[];
  values: Values;
  range: TimeRange;
  timespan: Timespan;
  /** Another number asks anew. */
  turn: number;
}

/** One tile: a query's chart or table, a text, or links. */
export function TileView({ tile, ...rest }: Props) {
  const className = `tile tile-w${tile.width}`;
  if (tile.query) return <QueryTile tile={tile} className={`${className} tile-${tile.height}`} {...rest} />;
  return (
    <section className={`${className} tile-plain`} aria-label={tile.title}>
      {tile.title && <h2>{tile.title}</h2>}
      {tile.text?.split(/\n\s*\n/).map((paragraph, i) => <p key={i}>{paragraph}</p>)}
      {tile.links && (
        <ul className="tile-links">
          {tile.links.map((link) => (
            <li key={link.url}>{link.url.startsWith("/") ? <a {...linkTo(link.url)}>{link.title}</a> : <a href={link.url} target="_blank" rel="noreferrer noopener">{link.title}</a>}</li>
          ))}
        </ul>
      )}
    </section>
  );
}

function QueryTile({ tile, parameters, values, range, timespan, turn, className }: Props & { className: string }) {
  const element = useRef<HTMLElement>(null);
  const seen = useSeen(element);
  const sent = asked(tile.parameters, parameters, values);
  const key = seen ? JSON.stringify([tile.query, sent, "last" in range ? range.last : timespan, turn]) : "unseen";
  const answer = useResource<QueryResult | undefined>(key, async (signal) => (seen ? api.query(tile.query!, timespan, signal, sent) : undefined));
  return (
    <section ref={element} className={className} aria-label={tile.title} aria-busy={answer.loading}>
      <div className="tile-head">
        <h2>{tile.title}</h2>
        {answer.data && !kindOf(answer.data.visualization) && <span className="muted small numeric">{text.logs.rows(formatCount(answer.data.rows.length), answer.data.rows.length === 1)}</span>}
        <Button
          size="small" appearance="subtle" icon={<OpenRegular />} aria-label={t.openOf(tile.title ?? "")} title={text.incidents.openInLogs}
          onClick={() => navigate(formatLink({ query: standalone(tile, parameters, values), range }))}
        />
      </div>
      <div className="tile-body">
        {answer.data ? <Answer result={answer.data} title={tile.title ?? ""} /> : answer.error ? (
          <div className="tile-failed" role="alert">
            <p className="bad">{answer.error.message}</p>
            {answer.error.diagnostics.map((d, i) => <p key={i} className="small">{d.message}</p>)}
            {answer.error.diagnostics.length === 0 && <Button size="small" onClick={answer.reload}>{text.failure.retry}</Button>}
          </div>
        ) : <Spinner size="tiny" label={text.loading} />}
      </div>
    </section>
  );
}

function Answer({ result, title }: { result: QueryResult; title: string }) {
  if (result.rows.length === 0) return <p className="tile-empty muted">{t.nothing}</p>;
  if (kindOf(result.visualization)) return <Suspense fallback={<Spinner size="tiny" />}><ChartView result={result} bare /></Suspense>;
  return <Grid table={result} label={title} />;
}

/** Whether an element has come into sight, or near it: tiles further down ask nothing yet. */
function useSeen(element: React.RefObject<HTMLElement | null>): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const observer = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && setSeen(true), { rootMargin: "300px" });
    observer.observe(element.current!);
    return () => observer.disconnect();
  }, [element]);
  return seen;
}
