import { useCallback, useState } from "react";
import { explain, type ApiError } from "./client";

const nothing = () => {};

/** Does something that may fail, and keeps why it did; `after` is called either way. */
export function useAttempt(after: () => void = nothing): { error: ApiError | undefined; busy: boolean; attempt: (what: () => Promise<unknown>) => Promise<boolean> } {
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
