import { MessageBar, MessageBarBody } from "@fluentui/react-components";
import { useState } from "react";
import { useAttempt } from "../api/useAttempt";
import { saveBlob } from "../grid/csv";
import { text } from "../text/en";
import { ErrorBar } from "./states";

/** Fetches a file and saves it, and says what became of that. */
export function useFile() {
  const [saved, setSaved] = useState<string>();
  const { error, busy, attempt } = useAttempt();
  const fetchFile = (ask: () => Promise<{ name: string; blob: Blob }>) => attempt(async () => {
    setSaved(undefined);
    const file = await ask();
    saveBlob(file.name, file.blob);
    setSaved(file.name);
  });
  const outcome = error ? <ErrorBar error={error} /> : saved ? <MessageBar intent="success"><MessageBarBody>{text.savedAs(saved)}</MessageBarBody></MessageBar> : null;
  return { busy, fetchFile, outcome };
}
