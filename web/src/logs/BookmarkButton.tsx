import { Button } from "@fluentui/react-components";
import { useEffect, useState } from "react";
import { api } from "../api/client";
import type { Json, ResultTable } from "../api/types";
import { useAttempt } from "../api/useAttempt";
import { useMay } from "../app/settings";
import { exactCell } from "../format/value";
import { text } from "../text/en";
import type { TimeRange } from "./range";

/** The columns that name a row best, in this order. */
const telling = ["Operation", "ActionType", "Subject", "UserId", "AccountUpn", "SenderFromAddress"];

/** Keeps a row with the query that found it, for Hunting. */
export function BookmarkButton({ table, row, query, range }: { table: ResultTable; row: number; query: string; range: TimeRange }) {
  const may = useMay("Responder");
  const [kept, setKept] = useState(false);
  const { error, busy, attempt } = useAttempt();
  useEffect(() => setKept(false), [table, row]);
  const cells = table.rows[row]!;
  const keep = () => {
    const filled = table.columns.map((c, i) => [c.name, cells[i]!] as [string, Json]).filter(([, v]) => v !== null && v !== "");
    const named = telling.map((name) => table.columns.findIndex((c) => c.name === name)).filter((i) => i >= 0 && cells[i]).slice(0, 2);
    const title = (named.length > 0 ? named : [0]).map((i) => exactCell(cells[i]!)).join(" · ").slice(0, 150) || text.notes.bookmark;
    void attempt(async () => {
      await api.addNote({ kind: "bookmark", title, query, range: JSON.stringify(range), shared: true, row: Object.fromEntries(filled) });
      setKept(true);
    });
  };
  return (
    <>
      <Button size="small" appearance="subtle" disabled={!may || kept || busy} title={may ? undefined : text.noPermission.change(text.roles.Responder!)} onClick={keep}>{kept ? text.notes.bookmarked : text.notes.bookmark}</Button>
      {error && <span className="bad small" role="alert">{error.message}</span>}
    </>
  );
}
