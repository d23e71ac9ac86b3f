import { useCallback, useState } from "react";
import { explain, type ApiError } from "../api/client";

/** Does something that may fail, and keeps why it did. */
export function useAttempt(after: () => void): { error: ApiError | undefined; busy: boolean; attempt: (what: () => Promise<unknown>) => Promise<boolean> } {
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const attempt = useCallback(
    async (what: () => Promise<unknown>) => {
      setError(undefined);
      setBusy(true);
      try {
        await what();
        return true;
      } catch (cause) {
        setError(explain(cause));
        return false;
      } finally {
        setBusy(false);
        after();
      }
    },
    [after],
  );
  return { error, busy, attempt };
}
