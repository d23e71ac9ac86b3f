/** The words of the Archive page. */
export const archiveText = {
  title: "Archive", detail: "Whether any byte of it changed, whether the tables still say what it has, and proofs for others.",
  none: "There is no archive here.", problem: "The archive does not follow",
  log: { title: "Transparency log", checkpoint: "Signed checkpoint", leaves: (n: string) => `${n} leaves`, root: "Root", origin: "Log", position: "Archived up to journal position", sealed: "Last sealed" },
  verification: {
    title: "Verification", run: "Verify now", never: "Never verified here", passed: "No byte has changed", failed: "The archive is not whole", when: "Last verification",
    hint: "Reads every file to its last byte. On another machine, with the public key alone:",
  },
  reconciliation: {
    title: "Tables and archive", run: "Compare now", never: "Not compared yet", passed: "Equal", failed: "Different", when: "Last comparison", took: "It took",
    table: "Table", lake: "Rows in the tables", archived: "Rows in the archive", hours: "Hours", differing: "that differ", digest: "Digest", missing: "In the archive alone", foreign: "In the tables alone", changed: "Read otherwise",
    differingHours: "Hours that differ", hour: "Hour", noHour: "without a time",
  },
  task: {
    verify: "Verifying…", reconcile: "Comparing…", of: (done: string, total: string) => `${done} of ${total}`, failed: (why: string) => `It could not be done: ${why}`, started: "It was started.",
    may: (role: string) => `It takes the role ${role}.`,
  },
  prove: {
    title: "Prove a record", hint: "One file with the record, the payload it came in, and the proof that it is in the signed log. quoll-verify checks it anywhere.",
    id: "Id of the record", idHint: "The Id of an audit record, or a NetworkMessageId, ReportId or AlertId", run: "Prove it",
  },
  absence: {
    title: "Prove that there is none", hint: "One file which proves that no such record is in what was delivered. It says as well what it does not prove.",
    tenant: "Tenant id", operation: "Operation", subject: "About whom", subjectHint: "UserId, ObjectId or MailboxOwnerUPN, whole", from: "From (UTC)", to: "Before (UTC)", run: "Prove it",
  },
  drill: { title: "Restore drill", never: "No drill was held", passed: "Restored, rows equal", failed: "The drill failed", when: "Last drill", took: "It took", rows: "Rows", size: "Payloads", how: "Hold one with" },
  witnesses: { title: "Witnesses", none: "Nobody else keeps checkpoints: whoever has the key could write another history.", name: "Witness", size: "Leaves it has cosigned", when: "Last", state: "State", good: "cosigns" },
  certificates: { title: "Certificates of completeness", none: "No day has one yet.", day: "Day", type: "Content type", tenant: "Tenant", listed: "Blobs listed", fetched: "fetched", lost: "lost", gaps: "Gaps", sequence: "Number" },
};
