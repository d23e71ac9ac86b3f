import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle, DialogTrigger } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain, type ApiError } from "../api/client";
import type { QueryPlan } from "../api/types";
import { text } from "../text/en";
import { LoadingRows } from "../ui/states";
import { toTimespan, type TimeRange } from "./range";

const t = text.logs.plan;

/** Shows what the compiler makes of the query, without running it. */
export function PlanButton({ query, range }: { query: string; range: TimeRange }) {
  const [plan, setPlan] = useState<QueryPlan>();
  const [error, setError] = useState<ApiError>();
  const load = () => {
    setPlan(undefined);
    setError(undefined);
    api.plan(query, toTimespan(range, Date.now())).then(setPlan, (cause) => setError(explain(cause)));
  };
  return (
    <Dialog onOpenChange={(_, d) => d.open && load()}>
      <DialogTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" disabled={query.trim() === ""}>{t.show}</Button>
      </DialogTrigger>
      <DialogSurface className="plan-dialog">
        <DialogBody>
          <DialogTitle>{t.title}</DialogTitle>
          <DialogContent>
            {error && <div role="alert"><p className="bad">{error.message}</p>{error.diagnostics.map((d, i) => <p key={i}>{text.logs.place(d.line, d.column)}: {d.message}</p>)}</div>}
            {plan ? <><h3>{t.plan}</h3><pre tabIndex={0}>{plan.plan}</pre><h3>{t.sql}</h3><pre tabIndex={0}>{plan.sql}</pre></> : !error && <LoadingRows rows={4} />}
          </DialogContent>
          <DialogActions><DialogTrigger disableButtonEnhancement><Button>{text.close}</Button></DialogTrigger></DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
