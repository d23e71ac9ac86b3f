import { Button, Checkbox, Field, Input, Popover, PopoverSurface, PopoverTrigger } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain, type ApiError } from "../api/client";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import type { TimeRange } from "./range";

const t = text.notes;

/** Keeps the query under a name, for oneself or for all. */
export function SaveQuery({ query, range, title }: { query: string; range: TimeRange; title: string }) {
  const may = useMay("Responder");
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const [shared, setShared] = useState(false);
  const [error, setError] = useState<ApiError>();
  const save = () => {
    setError(undefined);
    api.addNote({ kind: "query", title: name.trim(), query, range: JSON.stringify(range), shared }).then(() => setOpen(false), (cause) => setError(explain(cause)));
  };
  const show = (wanted: boolean) => {
    setOpen(wanted);
    if (wanted) setName(title);
  };
  return (
    <Popover open={open} onOpenChange={(_, d) => show(d.open)} trapFocus positioning="below-end">
      <PopoverTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" disabled={!may || query.trim() === ""} title={may ? undefined : text.noPermission.change(text.roles.Responder!)}>{t.save}</Button>
      </PopoverTrigger>
      <PopoverSurface aria-label={t.saveTitle}>
        <form className="save-query" onSubmit={(e) => { e.preventDefault(); save(); }}>
          <h2>{t.saveTitle}</h2>
          {error && <p className="bad" role="alert">{error.message}</p>}
          <Field label={t.title}><Input value={name} maxLength={200} onChange={(_, d) => setName(d.value)} /></Field>
          <Checkbox label={t.shared} checked={shared} onChange={(_, d) => setShared(d.checked === true)} />
          <Button appearance="primary" type="submit" disabled={name.trim() === ""}>{t.save}</Button>
        </form>
      </PopoverSurface>
    </Popover>
  );
}
