import type { TenantFinding, TenantRequest } from "../api/types";

export interface TenantForm {
  name: string; tenantId: string; clientId: string; cloud: string; by: "secret" | "certificate"; secret: string; secretExpires: string;
  certificateFile: string; certificatePasswordFile: string; baseUrl: string; authorityUrl: string; caFile: string;
}

export const emptyTenant: TenantForm = {
  name: "", tenantId: "", clientId: "", cloud: "commercial", by: "secret", secret: "", secretExpires: "", certificateFile: "", certificatePasswordFile: "", baseUrl: "", authorityUrl: "", caFile: "",
};

/** What is sent of a form: nothing while something is missing, and never both credentials. */
export function requestOf(form: TenantForm): TenantRequest | undefined {
  const { by, ...fields } = form;
  const own = by === "secret" ? { ...fields, certificateFile: "", certificatePasswordFile: "" } : { ...fields, secret: "", secretExpires: "" };
  const given = Object.fromEntries(Object.entries(own).map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== "")) as unknown as TenantRequest;
  return given.tenantId && given.clientId && (given.secret || given.certificateFile) ? given : undefined;
}

const order = ["ok", "note", "warning", "blocking"] as const;

export function worstOf(findings: TenantFinding[]): TenantFinding["severity"] {
  return order[Math.max(0, ...findings.map((f) => order.indexOf(f.severity)))]!;
}
