import { Button, Dialog, DialogActions, DialogBody, DialogContent, DialogSurface, DialogTitle } from "@fluentui/react-components";
import { api } from "../api/client";
import { useAttempt } from "../api/useAttempt";
import { tenantText as t } from "../text/tenants";
import { ErrorBar } from "../ui/states";

/** Asks once more, and says what becomes of what the tenant sent. */
export function RemoveTenant({ open, id, name, onClose, onRemoved }: { open: boolean; id: string; name: string; onClose: () => void; onRemoved: () => void }) {
  const { error, busy, attempt } = useAttempt();
  const remove = () => attempt(async () => {
    await api.removeTenant(id);
    onRemoved();
  });
  return (
    <Dialog open={open} modalType="alert" onOpenChange={(_, d) => !d.open && onClose()}>
      <DialogSurface>
        <DialogBody>
          <DialogTitle>{t.removeTitle(name)}</DialogTitle>
          <DialogContent><p>{t.removeDetail}</p><ErrorBar error={error} /></DialogContent>
          <DialogActions>
            <Button onClick={onClose}>{t.keep}</Button>
            <Button appearance="primary" disabled={busy} onClick={() => void remove()}>{busy ? t.removing : t.removeDo}</Button>
          </DialogActions>
        </DialogBody>
      </DialogSurface>
    </Dialog>
  );
}
