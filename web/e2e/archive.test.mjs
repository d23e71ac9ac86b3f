// What the Archive and Assurance pages must carry, over canned answers.
import assert from "node:assert/strict";
import { becomes, cannedTest, enterCanned, screenshot, until, visit } from "./harness.mjs";

const { page, troubles } = await enterCanned();

const region = (name) => page.getByRole("region", { name, exact: true });

/** Does something, and returns the name of the file that comes of it. */
async function downloaded(act) {
  const [file] = await Promise.all([page.waitForEvent("download"), act()]);
  return file.suggestedFilename();
}

cannedTest("the archive is verified, compared, watched and certified", async () => {
  await visit(page, "/archive");
  await becomes(() => region("Tables and archive").innerText(), /Equal[\s\S]*255,040 rows[\s\S]*UnifiedAuditLog\s+132,511\s+132,511/);
  await becomes(() => region("Transparency log").innerText(), /40,612 leaves[\s\S]*wattleworks\.example\/archive/);
  await becomes(() => region("Verification").innerText(), /No byte has changed/);
  await becomes(() => region("Restore drill").innerText(), /Restored, rows equal[\s\S]*231,002/);
  await becomes(() => region("Witnesses").innerText(), /witness\.harbour\.example[\s\S]*cosigns[\s\S]*connection refused/);
  await becomes(() => region("Time stamps").innerText(), /harbour[\s\S]*Harbour Trust[\s\S]*40,201[\s\S]*stamps[\s\S]*ridge[\s\S]*36,112[\s\S]*Late[\s\S]*unacceptedPolicy[\s\S]*It is tried again/);
  await becomes(() => region("Certificates of completeness").innerText(), /Audit\.General/);
  await becomes(() => region("Copies").innerText(), /second-disk[\s\S]*Follows[\s\S]*vault[\s\S]*s3:\/\/quoll-archive[\s\S]*550 days[\s\S]*azure[\s\S]*Stopped[\s\S]*403 AuthorizationPermissionMismatch \(31 attempts in a row\)[\s\S]*96 objects[\s\S]*not locked/);
  await becomes(() => region("Encryption and tables").innerText(), /age1canned[\s\S]*412[\s\S]*396/);
  await screenshot(page, "archive");
  const [asked] = await Promise.all([page.waitForResponse((r) => r.url().endsWith("/archive/tasks")), page.getByRole("button", { name: "Verify now" }).click()]);
  assert.equal(asked.status(), 202);
});

cannedTest("a record is proved, and that there is none", async () => {
  await visit(page, "/archive");
  const prove = region("Prove a record");
  await prove.getByLabel("Id of the record").fill("a1");
  assert.equal(await downloaded(() => prove.getByRole("button", { name: "Prove it" }).click()), "position-812.evidence.tar");
  await prove.getByText("Saved as position-812.evidence.tar").waitFor();
  await prove.getByLabel("Id of the record").fill("none");
  await prove.getByRole("button", { name: "Prove it" }).click();
  await prove.getByText("there is no such thing").waitFor();
  const absence = region("Prove that there is none");
  const button = absence.getByRole("button", { name: "Prove it" });
  await absence.getByLabel("Operation").fill("New-InboxRule");
  await absence.getByLabel("About whom").fill("ada@coast.example");
  await absence.getByLabel("Tenant id").fill("t");
  await absence.getByLabel("From (UTC)").fill("2026-09-14T00:00");
  await becomes(() => button.isDisabled(), true, "without an end");
  await absence.getByLabel("Before (UTC)").fill("2026-09-15T00:00");
  assert.equal(await downloaded(() => button.click()), "absence.evidence.tar");
  await absence.getByLabel("About whom").fill("mara.lindqvist@wattleworks.example");
  await button.click();
  await absence.getByText("there is such a record").waitFor();
});

cannedTest("a hold is set by one, and released by another", async () => {
  const holds = region("Legal holds");
  await holds.locator("tbody tr").first().waitFor();
  await holds.getByLabel("Name").fill("Matter 12");
  await holds.getByLabel("Reason").fill("Ordered by counsel.");
  await holds.getByLabel("Tables").fill("OfficeActivity, EmailEvents");
  await holds.getByRole("button", { name: "Set hold" }).click();
  await holds.getByRole("row", { name: /Matter 12.*OfficeActivity, EmailEvents/ }).waitFor();
  const release = holds.getByRole("button", { name: /^Release (?!Matter)/ }).first();
  const name = (await release.getAttribute("aria-label")).replace("Release ", "");
  await release.click();
  await holds.getByLabel(`Why ${name} is released`).fill("The matter is over.");
  await holds.getByRole("button", { name: "Release", exact: true }).click();
  await holds.getByText("The matter is over.").waitFor();
  await screenshot(page, "archive-holds");
});

cannedTest("a disposal is proposed by one and confirmed by another, and its certificate stays", async () => {
  const disposal = region("Disposal");
  await becomes(() => disposal.innerText(), /Confirmed by kai\.whitford; the certificate is under the log/);
  await disposal.getByRole("button", { name: /^Confirm: The second quarter/ }).click();
  await disposal.getByRole("button", { name: /^Confirm: / }).waitFor({ state: "detached" });
  await disposal.getByLabel("Why it may go").fill("The third quarter has reached its minimum.");
  await disposal.getByRole("button", { name: "Propose disposal" }).click();
  const waits = disposal.getByRole("row", { name: /The third quarter.*Waits for a second person/ });
  await waits.waitFor();
  await becomes(() => waits.getByRole("button").isDisabled(), true, "not by who proposed it");
});

cannedTest("one person's data are looked for by one, agreed to by another, and erased once that is said twice", async () => {
  const erasure = region("Erasure of one person’s data");
  await becomes(() => erasure.innerText(), /Request 9[\s\S]*Names went with the data[\s\S]*112 records in 37 payloads[\s\S]*4 payloads are younger than 18 months[\s\S]*2 of LAQueryLogs stay[\s\S]*certificate 1 is under the log/);
  const plan = async (name, reason) => {
    await erasure.getByLabel("Names").fill(`${name}\n\n${name}`);
    await erasure.getByLabel("Reason").fill(reason);
    await erasure.getByRole("button", { name: "Look for them" }).click();
  };
  await plan("nobody@wattleworks.example", "Request 18");
  await erasure.getByText("no payload of the archive has any of these names").waitFor();
  await plan("held@wattleworks.example", "Request 19");
  const own = erasure.getByRole("row", { name: /Request 19.*held@wattleworks\.example.*Held by Matter 12/ });
  await own.waitFor();
  await becomes(() => own.getByRole("button", { name: "Agree to erase: Request 19" }).isDisabled(), true, "not by who planned it");
  await erasure.getByRole("button", { name: "Agree to erase: Request 17 under APP 11.2" }).click();
  await erasure.getByRole("button", { name: "Erase: Request 17 under APP 11.2" }).click();
  await screenshot(page, "archive-erasure");
  await erasure.getByRole("button", { name: "This cannot be undone. Erase now" }).click();
  await erasure.getByText("5b1f0c").waitFor();
  await erasure.getByText("certificate 2 is under the log").waitFor();
  await becomes(() => erasure.getByText("tomas.reyes").count(), 0, "the names went with the data");
});

cannedTest("what is not met comes first, and each control has its evidence and the assessor's word", async () => {
  await visit(page, "/assurance");
  const first = region("What is not met, or not visible").getByRole("listitem").first();
  await becomes(() => first.innerText(), /not met/);
  const control = region("ISM-1815");
  await control.getByRole("button", { name: /ISM-1815/ }).click();
  await becomes(() => control.innerText(), /Revision 1 \(Dec-23\)[\s\S]*Essential Eight ML2, ML3[\s\S]*40612 leaves[\s\S]*who may write to its disk can delete files/);
  await screenshot(page, "assurance");
  await control.getByLabel("The assessor's word").selectOption("Ineffective");
  await control.getByLabel("Remark").fill("see the disk");
  await control.getByRole("button", { name: "Save" }).click();
  await until("the word", async () => /Avery Assessor[\s\S]*see the disk/.test(await control.innerText()));
  await page.getByLabel("Filter controls").fill("1988");
  await becomes(() => page.locator(".assurance-item").count(), 1);
  assert.match(await downloaded(() => page.getByRole("button", { name: "Download OSCAL" }).click()), /^quoll-evidence-.*\.oscal\.json$/);
  assert.match(await downloaded(() => page.getByRole("button", { name: "Download HTML" }).click()), /\.html$/);
  // On paper everything is unfolded.
  await page.getByLabel("Filter controls").fill("");
  await page.emulateMedia({ media: "print" });
  await becomes(() => region("ISM-1988").getByText("OfficeActivity reaches back 3 days.").isVisible(), true);
  await page.emulateMedia({ media: "screen" });
});

cannedTest("nothing broke", () => assert.deepEqual(troubles.filter((t) => !/404|409/.test(t)), []));
