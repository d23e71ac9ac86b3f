import { Button, Menu, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover, MenuTrigger, Spinner } from "@fluentui/react-components";
import { useState } from "react";
import { api, explain } from "../api/client";
import type { QueryResult, Timespan } from "../api/types";
import { formatCount } from "../format/number";
import { saveBlob, saveFile, toCsv, toJson } from "../grid/csv";
import { text } from "../text/en";
import { ArrowDownloadRegular } from "../ui/icons";

const t = text.logs.exports;

interface Props { result: QueryResult; order: Uint32Array; query: string; timespan: Timespan; onTold: (told: string) => void }

/**
 * Takes a result away: what is shown, as text that the browser writes, or the
 * whole, as a file that the server writes from the same query and time range.
 */
export function ExportMenu({ result, order, query, timespan, onTold }: Props) {
  const [busy, setBusy] = useState(false);
  const fromServer = async (format: "parquet" | "xlsx") => {
    setBusy(true);
    onTold("");
    try {
      const file = await api.exportQuery(query, timespan, format);
      saveBlob(`quoll-results.${format}`, file.body);
      onTold(file.truncated ? t.truncated(formatCount(file.rows)) : t.written(formatCount(file.rows)));
    } catch (cause) {
      onTold(explain(cause).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Menu positioning="below-end">
      <MenuTrigger disableButtonEnhancement>
        <Button size="small" appearance="subtle" icon={busy ? <Spinner size="extra-tiny" /> : <ArrowDownloadRegular />} disabled={busy || result.rows.length === 0}>{t.button}</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          <MenuGroup>
            <MenuGroupHeader>{t.shown(formatCount(order.length))}</MenuGroupHeader>
            <MenuItem onClick={() => saveFile("quoll-results.csv", toCsv(result, order), "text/csv;charset=utf-8")}>CSV</MenuItem>
            <MenuItem onClick={() => saveFile("quoll-results.json", toJson(result, order), "application/json")}>JSON</MenuItem>
          </MenuGroup>
          <MenuGroup>
            <MenuGroupHeader>{t.whole}</MenuGroupHeader>
            <MenuItem onClick={() => void fromServer("xlsx")}>Excel</MenuItem>
            <MenuItem onClick={() => void fromServer("parquet")}>Parquet</MenuItem>
          </MenuGroup>
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
