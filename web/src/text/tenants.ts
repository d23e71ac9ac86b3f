/** The words of adding a tenant. */
export const tenantText = {
  add: "Add a tenant", title: "Add a tenant", detail: "An application of the tenant reads its audit log. Every check says what to click where something is missing.",
  name: "Name", nameHint: "What people call it here", tenantId: "Directory (tenant) ID", clientId: "Application (client) ID", cloud: "Cloud",
  clouds: { commercial: "Commercial", gcc: "GCC", gcchigh: "GCC High", dod: "DoD", china: "China (21Vianet)" } as Record<string, string>,
  by: "It proves itself with", bys: { secret: "A client secret", certificate: "A certificate on the server" } as Record<string, string>,
  secret: "Client secret", secretHint: "Its value, not its id. It is kept in a file that only Quoll's user can read.", expires: "It ends on", expiresHint: "As Certificates & secrets says, so that Quoll warns in time",
  certificate: "Path of the certificate with its key", certificateHint: "PEM or PKCS#12, a whole path on the server's machine", password: "Path of its password, if it has one",
  more: "Something stands between this server and Microsoft", baseUrl: "Address of the API", authorityUrl: "Address of the authority", caFile: "Path of its authorities' certificates (PEM)",
  check: "Check", checking: "Checking…", store: "Add and collect", storing: "Adding…", broken: "The checks broke off. Try again.",
  findings: "What was found", severities: { ok: "Good", note: "Note", warning: "Warning", blocking: "Blocks" } as Record<string, string>, remedy: "What to do",
  remove: "Remove", removeOf: (name: string) => `Remove ${name}`, removeTitle: (name: string) => `Stop collecting from ${name}?`,
  removeDetail: "Collecting stops at once, and what its application proves itself with is deleted here. Its rows, raw records, archive, certificates and calendar stay, and who did it is written down. At Microsoft nothing changes: take the application away in Microsoft Entra, too. Whoever adds the tenant again goes on where it was left, as far as Microsoft still has the content.",
  removeDo: "Stop collecting", removing: "Stopping…", removed: (name: string) => `${name} is collected no more. What it sent stays.`, keep: "Keep it", credential: "Its credential ends",
  blocked: "Put right what blocks, and check again.", ready: "Nothing keeps Quoll from collecting.", added: (name: string) => `${name} is collected from now on.`, stale: "Something was changed since: check again.",
};
