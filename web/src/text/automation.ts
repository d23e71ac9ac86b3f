/** The words of automation. */
export const automationText = {
  title: "Automation", detail: "What is done with incidents by rule: assign, tag, close, tell, ask. Rules have their turns by order, and each sees the incident as those before it leave it.",
  emptyTitle: "No automation rules", emptyDetail: "A rule does with an incident what somebody would do each time. Write one here, or put files into a folder of automation_dirs.",
  add: "New rule", rule: "Rule", order: "Order", state: "State", when: "When", then: "Then", acted: "Last acted", failed: "Last failed", incidents: "Incidents",
  active: "Active", off: "Off", expired: "Expired", never: "never", file: "file", fileHint: "It is in a file of the server and is changed there.", by: (who: string) => `by ${who}`,
  on: (on: string[], kinds: string[]) => {
    const changed = kinds.length > 0 ? `changed (${kinds.join(", ")})` : "changed";
    return on.map((one) => (one === "created" ? "an incident is made" : `it is ${changed}`)).join(", or when ");
  },
  always: "always", counts: (done: string, failed: number, refused: number, waiting: number) =>
    [`${done} actions done`, failed > 0 && `${failed} failed`, refused > 0 && `${refused} refused`, waiting > 0 && `${waiting} waiting`].filter(Boolean).join(", "),
  enableOf: (name: string) => `${name} is on`, edit: "Rule as YAML", editHint: "The server checks it whole. It is kept under its id: an id that is there gets another text.",
  save: "Save rule", saving: "Saving…", saved: "Saved. It acts on what happens from now on.", remove: "Remove", removeOf: (name: string) => `Remove ${name}`, discard: "Discard changes",
  test: "Dry run", testing: "Trying…", testOver: "Dry run over", testHint: "What the rule would have done. Nothing is changed and nobody is told.", days: (n: number) => `the last ${n} days`,
  noMatch: (n: number) => (n === 1 ? "It would do nothing with that incident." : `It would have done nothing with ${n} incidents.`),
  matches: (n: number, all: number) => `It would have acted on ${n} of ${all} ${all === 1 ? "incident" : "incidents"}.`, truncated: "There were more incidents than are tried.",
  onWhat: { created: "when made", updated: "when changed" } as Record<string, string>,
  steps: "What it did lately", noSteps: "It has not acted yet.", states: { waiting: "Waiting", done: "Done", failed: "Failed", refused: "Refused" } as Record<string, string>,
  attempts: (n: number) => `after ${n} ${n === 1 ? "attempt" : "attempts"}`, next: "next attempt", ofIncident: "Automation",
  template: `id: my-rule
name: What it is for
order: 100                     # 1 to 1000; the lowest has its turn first
on: [created]                  # created, updated, or both
when:                          # all of them; leave out for always
  - {property: severity, operator: equals, values: [Low]}
actions:                       # in this order
  - tag: [reviewed]
`,
};
