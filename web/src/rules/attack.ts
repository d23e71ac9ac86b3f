import type { Rule } from "../api/types";

/** The tactics of MITRE ATT&CK for enterprises, in the order of an attack, as Sentinel spells them. */
export const tactics = [
  "Reconnaissance", "ResourceDevelopment", "InitialAccess", "Execution", "Persistence", "PrivilegeEscalation", "DefenseEvasion",
  "CredentialAccess", "Discovery", "LateralMovement", "Collection", "CommandAndControl", "Exfiltration", "Impact",
];

/**
 * Techniques that matter in Microsoft 365, with the tactics that ATT&CK files them
 * under. One that is not here stands under the tactics of its rules.
 */
const techniques: Record<string, [name: string, ...tactics: string[]]> = {
  T1020: ["Automated Exfiltration", "Exfiltration"],
  T1027: ["Obfuscated Files or Information", "DefenseEvasion"],
  T1048: ["Exfiltration Over Alternative Protocol", "Exfiltration"],
  T1070: ["Indicator Removal", "DefenseEvasion"],
  T1078: ["Valid Accounts", "InitialAccess", "Persistence", "PrivilegeEscalation", "DefenseEvasion"],
  T1087: ["Account Discovery", "Discovery"],
  T1098: ["Account Manipulation", "Persistence", "PrivilegeEscalation"],
  T1110: ["Brute Force", "CredentialAccess"],
  T1114: ["Email Collection", "Collection"],
  T1133: ["External Remote Services", "InitialAccess", "Persistence"],
  T1136: ["Create Account", "Persistence"],
  T1176: ["Software Extensions", "Persistence"],
  T1189: ["Drive-by Compromise", "InitialAccess"],
  T1199: ["Trusted Relationship", "InitialAccess"],
  T1204: ["User Execution", "Execution"],
  T1213: ["Data from Information Repositories", "Collection"],
  T1484: ["Domain or Tenant Policy Modification", "PrivilegeEscalation", "DefenseEvasion"],
  T1485: ["Data Destruction", "Impact"],
  T1486: ["Data Encrypted for Impact", "Impact"],
  T1490: ["Inhibit System Recovery", "Impact"],
  T1499: ["Endpoint Denial of Service", "Impact"],
  T1528: ["Steal Application Access Token", "CredentialAccess"],
  T1530: ["Data from Cloud Storage", "Collection"],
  T1534: ["Internal Spearphishing", "LateralMovement"],
  T1537: ["Transfer Data to Cloud Account", "Exfiltration"],
  T1539: ["Steal Web Session Cookie", "CredentialAccess"],
  T1550: ["Use Alternate Authentication Material", "LateralMovement", "DefenseEvasion"],
  T1552: ["Unsecured Credentials", "CredentialAccess"],
  T1556: ["Modify Authentication Process", "CredentialAccess", "DefenseEvasion", "Persistence"],
  T1562: ["Impair Defenses", "DefenseEvasion"],
  T1564: ["Hide Artifacts", "DefenseEvasion"],
  T1566: ["Phishing", "InitialAccess"],
  T1567: ["Exfiltration Over Web Service", "Exfiltration"],
  T1598: ["Phishing for Information", "Reconnaissance"],
  T1606: ["Forge Web Credentials", "CredentialAccess"],
  T1621: ["Multi-Factor Authentication Request Generation", "CredentialAccess"],
  T1657: ["Financial Theft", "Impact"],
};

export interface Covered { technique: string; name: string; rules: Rule[] }
export interface Column { tactic: string; techniques: Covered[] }

/** What enabled rules cover, and of the known techniques what none does, by tactic. */
export function matrix(rules: Rule[]): Column[] {
  const columns = new Map(tactics.map((t) => [t, new Map<string, Covered>()]));
  const cell = (tactic: string, technique: string) => {
    const column = columns.get(tactic);
    if (!column) return undefined;
    const known = column.get(technique) ?? { technique, name: techniques[technique]?.[0] ?? "", rules: [] };
    column.set(technique, known);
    return known;
  };
  for (const [technique, [, ...under]] of Object.entries(techniques)) for (const tactic of under) cell(tactic, technique);
  for (const rule of rules.filter((r) => r.enabled)) {
    for (const technique of new Set(rule.techniques.map((t) => t.split(".")[0]!))) {
      for (const tactic of techniques[technique]?.slice(1) ?? rule.tactics) cell(tactic, technique)?.rules.push(rule);
    }
  }
  const order = (a: Covered, b: Covered) => b.rules.length - a.rules.length || (a.technique < b.technique ? -1 : 1);
  return tactics.map((tactic) => ({ tactic, techniques: [...columns.get(tactic)!.values()].sort(order) }));
}

/** Whether a rule has a text in its name, or as a tactic or technique. */
export function matchesRule(rule: Rule, wanted: string): boolean {
  const text = wanted.trim().toLowerCase();
  return [rule.name, ...rule.tactics, ...rule.techniques].some((v) => v.toLowerCase().includes(text));
}
