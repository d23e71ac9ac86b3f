/** The words of the Archive page. */
export const archiveText = {
  title: "Archive", detail: "Whether any byte of it changed, whether the tables still say what it has, and proofs for others.",
  none: "There is no archive here.", problem: "The archive does not follow",
  log: { title: "Transparency log", checkpoint: "Signed checkpoint", leaves: (n: string) => `${n} leaves`, root: "Root", origin: "Log", position: "Archived up to journal position", sealed: "Last sealed" },
  ask: {
    title: "Ask what the tables have no more",
    hint: "Rows that retention removed are still in the archive’s data files. Who has the archive and its public key asks them on any machine, with the whole language and without restoring:",
    command: "quoll query --archive /mnt/archive --key archive.pub 'OfficeActivity | where TimeGenerated between (datetime(2021-03-01) .. 7d)'",
  },
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
  timestamps: {
    title: "Time stamps", none: "Nobody else says since when the log was there. archive_timestamps in the configuration names time-stamping authorities (RFC 3161).",
    name: "Authority", size: "Leaves it has stamped", when: "Last, by its clock", state: "State", good: "stamps", late: "Late", trouble: "Trouble", waiting: "Not yet",
  },
  certificates: { title: "Certificates of completeness", none: "No day has one yet.", when: "A day gets one once all of it is accounted for.", day: "Day", type: "Content type", tenant: "Tenant", listed: "Blobs listed", fetched: "fetched", lost: "lost", gaps: "Gaps", sequence: "Number" },
  copies: {
    title: "Copies", none: "The archive is kept once. archive_copies in the configuration names further stores: folders, S3, Azure Blob Storage.", name: "Copy", leaves: "Leaves", when: "Checkpoint", lag: "Behind", lock: "Locked", state: "State", good: "Follows", late: "Late", stopped: "Stopped",
    days: (n: number) => `${n} days`, unlocked: "not locked", free: "not asked for", left: (n: string, size: string) => `${n} objects, ${size} to copy`, failures: (n: number) => `${n} attempts in a row`,
  },
  kept: {
    title: "Encryption and tables", recipients: "Objects are encrypted to", none: "nobody: objects are plain", files: "Files of the tables under the log", bytes: "of them with their bytes here", waiting: "waiting", lag: "the longest for", looked: "Last look",
  },
  disposal: {
    title: "Disposal", hint: "What was kept for its minimum may go: one person proposes it, another confirms it, holds keep what they cover, and a certificate under the log stays.", none: "Nothing was disposed of.", reason: "Reason", before: "Received before", by: "Proposed by", payloads: "Payloads", state: "Certificate",
    done: (who: string) => `Confirmed by ${who}; the certificate is under the log`, doing: (who: string) => `Confirmed by ${who}; objects are going`, waits: "Waits for a second person", confirm: "Confirm", confirmOf: (reason: string) => `Confirm: ${reason}`, propose: "Propose disposal", why: "Why it may go",
  },
  erasure: {
    title: "Erasure of one person’s data", hint: "One person looks for the names, another agrees, and then the person’s records go from the tables, the archive, its copies and the journal. All others stay, and stay provable; a certificate under the log tells that it was done, and of whom only a hash.",
    none: "Nothing was erased.", names: "Names", namesHint: "One a line: user principal name, object id, whatever else the person is called. Nothing is found that is not named.", reason: "Reason", reasonHint: "It stays in the certificate: without the person’s name.", plan: "Look for them", planning: "Reading the whole archive…",
    state: "State", found: "Found", by: "Planned by", gone: "Names went with the data", records: (n: string, payloads: string) => `${n} records in ${payloads} payloads`, others: (n: string) => `${n} records of others go with them and come again as payloads of their own`,
    younger: (n: string, minimum: string) => `${n} payloads are younger than ${minimum}`, held: (names: string) => `Held by ${names}: it cannot be carried out`, remaining: (n: string, kind: string) => `${n} of ${kind} stay`, forms: "Looked for",
    waits: "Waits for a second person", approve: "Agree", approveOf: (reason: string) => `Agree to erase: ${reason}`, approved: (who: string) => `${who} agreed`, run: "Erase", runOf: (reason: string) => `Erase: ${reason}`, running: "Erasing…", sure: "This cannot be undone. Erase now", keep: "Not now",
    done: (n: number) => `Erased; certificate ${n} is under the log`, salt: "Salt", saltHint: "Shown this once. With the names it shows that the certificate is about this person; without it nobody can.",
  },
};
