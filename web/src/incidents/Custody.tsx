import { Button } from "@fluentui/react-components";
import { api } from "../api/client";
import { useMay } from "../app/settings";
import { text } from "../text/en";
import { useFile } from "../ui/useFile";

const t = text.incidents;

/** Takes the incident away as one file, with all that is behind it. */
export function Custody({ id }: { id: string }) {
  const may = useMay("Responder");
  const file = useFile();
  return (
    <section className="panel custody" aria-label={t.custody}>
      <h2>{t.custody}</h2>
      <p className="muted small">{t.custodyHint}</p>
      <Button disabled={!may || file.busy} onClick={() => void file.fetchFile(() => api.exportIncident(id))}>{file.busy ? t.exporting : t.exportEvidence}</Button>
      {file.outcome}
    </section>
  );
}
