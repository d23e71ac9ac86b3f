import { Menu, MenuGroup, MenuGroupHeader, MenuItem, MenuList, MenuPopover } from "@fluentui/react-components";
import type { Classification, Incident, IncidentChange, Severity } from "../api/types";
import { useSession } from "../app/settings";
import { text } from "../text/en";

const t = text.incidents;

/** The cell of the queue that was chosen, to change what it says. */
export interface Chosen { incident: Incident; what: "severity" | "status" | "owner"; target: HTMLElement }

interface Props { chosen: Chosen; owners: string[]; onChange: (id: string, change: IncidentChange) => void; onClose: () => void }

/** Another severity, status or owner of one incident, without opening it. One menu serves all rows. */
export function QuickChange({ chosen: { incident, what, target }, owners, onChange, onClose }: Props) {
  const me = useSession().name;
  const close = () => {
    onClose();
    target.focus();
  };
  const item = (label: string, change: IncidentChange, now = false) => (
    <MenuItem key={label} disabled={now} onClick={() => onChange(incident.id, change)}>{label}</MenuItem>
  );
  return (
    <Menu open onOpenChange={(_, d) => !d.open && close()} positioning={{ target, position: "below", align: "start" }}>
      <MenuPopover>
        <MenuList>
          {what === "severity" && Object.entries(text.severity).map(([value, label]) => item(label, { severity: value as Severity }, value === incident.severity))}
          {what === "owner" && [
            item(t.takeIt(me), { owner: me }, incident.owner === me),
            ...owners.filter((o) => o !== me).map((o) => item(o, { owner: o }, incident.owner === o)),
            item(t.nobody, { owner: "" }, incident.owner === ""),
          ]}
          {what === "status" && (
            <>
              {item(text.status.New!, { status: "New" }, incident.status === "New")}
              {item(text.status.Active!, { status: "Active" }, incident.status === "Active")}
              <MenuGroup>
                <MenuGroupHeader>{t.bulk.close}</MenuGroupHeader>
                {Object.entries(text.classification).map(([value, label]) => item(label, { status: "Closed", classification: value as Classification }, incident.status === "Closed" && incident.classification === value))}
              </MenuGroup>
            </>
          )}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}
