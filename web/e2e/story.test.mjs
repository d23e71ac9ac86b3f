// From the first screen to a closed incident whose evidence was taken away, and from
// an empty system to a connected tenant.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { becomes, cannedTest, enterCanned, screenshot, until, visit } from "./harness.mjs";

const { page } = await enterCanned();

cannedTest("what needs somebody is on the first screen, and is closed with its evidence kept", async () => {
  await page.goto("/");
  const needs = page.getByRole("region", { name: "What needs me now?" });
  await until("an incident", async () => (await needs.getByRole("list").getByRole("link").count()) > 0);
  await needs.getByRole("list").getByRole("link").filter({ hasText: "Business e-mail compromise" }).first().click();
  await page.getByRole("tab", { name: "Story" }).waitFor();
  const address = page.url();

  // The evidence of its first alert, whole and as a file.
  await page.getByRole("tab", { name: /^Alerts/ }).click();
  await page.getByRole("button", { name: "Open in Logs" }).first().click();
  await page.waitForURL("**/logs#query=*");
  await page.getByTestId("cost").waitFor();
  await page.getByRole("button", { name: "Export" }).click();
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("menuitem", { name: "Excel" }).click()]);
  assert.equal(download.suggestedFilename(), "quoll-results.xlsx");
  assert.match(await readFile(await download.path(), "utf8"), /^\d+ rows as xlsx/);

  await page.goto(address);
  await page.getByLabel("Owner").fill("e2e.closer");
  await page.getByLabel("Status").selectOption("Closed");
  await page.getByLabel("Classification").selectOption({ label: "True positive" });
  await page.getByLabel("Comment").fill("Evidence exported; the account was reset.");
  await page.getByRole("button", { name: "Save" }).click();
  await until("the story to say that it is closed", async () => /e2e\.closer/.test(await page.locator(".timeline").innerText()));
  await becomes(() => page.getByLabel("Status").inputValue(), "Closed");

  // The closed incident is taken away whole, with its proofs and its chain of custody.
  const custody = page.getByRole("region", { name: "Evidence" });
  const [whole] = await Promise.all([page.waitForEvent("download"), custody.getByRole("button", { name: "Export with evidence" }).click()]);
  assert.match(whole.suggestedFilename(), /^incident-\d+\.custody\.tar$/);
  await custody.getByText(`Saved as ${whole.suggestedFilename()}`).waitFor();
  assert.match(await readFile(await whole.path(), "utf8"), /^canned custody of Business e-mail compromise/);
});

cannedTest("an empty system is connected to a tenant, once what blocks is put right", async () => {
  // Until something is added, there is nothing.
  const empty = (route) => route.fulfill({ contentType: "application/json", body: JSON.stringify({ now: new Date().toISOString(), connectors: [] }) });
  await page.route("**/api/v1/connectors", empty);
  await visit(page, "/connectors");
  await page.getByRole("heading", { name: "No connectors" }).waitFor();
  await page.getByRole("button", { name: "Add a tenant" }).click();
  const dialog = page.getByRole("dialog", { name: "Add a tenant" });
  const check = dialog.getByRole("button", { name: "Check", exact: true });
  const add = dialog.getByRole("button", { name: "Add and collect" });
  await dialog.getByLabel("Name").fill("Coast");
  await dialog.getByLabel("Directory (tenant) ID").fill("9d0c7b0f-5a3c-4e11-8a51-3f6c1f0e4d5e");
  await becomes(() => check.isDisabled(), true, "without an application");
  await dialog.getByLabel("Application (client) ID").fill("6a0c1f0e-0000-4000-8000-000000000002");
  await dialog.getByLabel("Client secret", { exact: false }).last().fill("wrong");
  await check.click();
  const findings = dialog.getByRole("list", { name: "What was found" });
  await findings.getByText("AADSTS7000215").waitFor();
  await becomes(() => findings.innerText(), /Blocks\s+sign-in Microsoft Entra refuses the client secret[\s\S]*What to do: In the Microsoft Entra admin center open App registrations/);
  await dialog.getByText("Put right what blocks, and check again.").waitFor();
  await becomes(() => add.isDisabled(), true, "what blocks keeps it from being added");
  await dialog.getByLabel("Client secret", { exact: false }).last().fill("right");
  await dialog.getByText("Something was changed since: check again.").waitFor();
  await check.click();
  await dialog.getByText("Nothing keeps Quoll from collecting.").waitFor();
  await screenshot(page, "connectors-add");
  const [sent] = await Promise.all([page.waitForRequest((r) => r.url().endsWith("/api/v1/tenants")), add.click()]);
  assert.deepEqual(sent.postDataJSON(), { name: "Coast", tenantId: "9d0c7b0f-5a3c-4e11-8a51-3f6c1f0e4d5e", clientId: "6a0c1f0e-0000-4000-8000-000000000002", cloud: "commercial", secret: "right" });
  await page.unroute("**/api/v1/connectors", empty);
  await page.getByText("Coast is collected from now on.").waitFor();
  await page.locator(".connector-group tbody tr").first().waitFor();
});

cannedTest("a tenant that was added is removed, once it is said what stays", async () => {
  // By its role: a page that stays hidden behind a dialog that is gone has none.
  await page.getByRole("button", { name: "Remove Coast" }).click();
  const ask = page.getByRole("alertdialog", { name: "Stop collecting from Coast?" });
  await ask.getByText("Its rows, raw records, archive, certificates and calendar stay", { exact: false }).waitFor();
  await ask.getByRole("button", { name: "Stop collecting" }).click();
  await page.getByText("Coast is collected no more. What it sent stays.").waitFor();
  await page.getByRole("button", { name: "Remove Coast" }).waitFor({ state: "detached" });
  await becomes(() => page.getByRole("button", { name: "Remove Wattle Works" }).count(), 0, "one of the configuration");
  await becomes(() => page.locator(".connector-group").first().innerText(), /Its credential ends: in 1[12] d/);
  await becomes(() => page.getByRole("region", { name: "Archive" }).innerText(), /Certificates of completeness\s+292, up to 20/);
});

cannedTest("the past is searched, and how far that is can be seen", async () => {
  const past = page.getByRole("region", { name: "Searches of the past" });
  await becomes(() => past.innerText(), /Running[\s\S]*10 %, about 1 h \d+ min left[\s\S]*239,871[\s\S]*TooManyRequests[\s\S]*Done[\s\S]*100 %[\s\S]*Not whole: /);
  await past.getByLabel("From (UTC)").fill(new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10));
  await past.getByRole("button", { name: "Search" }).click();
  await past.getByRole("progressbar", { name: "Searched: 0 %" }).waitFor();
});

cannedTest("the queue is worked on with the keyboard, and several incidents at once", async () => {
  await visit(page, "/incidents#status=");
  const rows = page.locator("table.queue tbody tr");
  await until("the incidents", async () => (await rows.count()) === 4);
  const head = (name) => page.getByRole("columnheader", { name }).getByRole("button");
  await head("Severity").click();
  await becomes(() => rows.locator(".severity").allInnerTexts().then((all) => all.join()), /^High,High,/);
  await head("Severity").click();
  await becomes(() => rows.locator(".severity").first().innerText(), "Low");
  await becomes(async () => new URL(page.url()).hash, /sort=severity/, "the order is in the address");
  await page.getByLabel("Owner", { exact: true }).selectOption({ label: "Nobody’s" });
  await becomes(async () => new Set(await rows.locator(".queue-owner").allInnerTexts()).size, 1);
  await page.getByLabel("Owner", { exact: true }).selectOption("");
  await until("all incidents again", async () => (await rows.count()) === 4);
  await rows.first().getByRole("button", { name: /^Severity of / }).click();
  await page.getByRole("menuitem", { name: "Informational" }).click();
  await becomes(() => rows.locator(".severity").first().innerText(), "Informational");
  await rows.first().getByRole("button", { name: /^Owner of / }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("menuitem", { name: /^Me / }).waitFor();
  await page.keyboard.press("Escape");
  await becomes(() => page.evaluate(() => document.activeElement?.getAttribute("aria-label")), /^Owner of /, "the focus comes back");
  await page.getByLabel("Severity", { exact: true }).selectOption("Medium");
  await until("those of medium severity", async () => (await rows.count()) === 1);
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.getByRole("heading", { name: "No incidents" }).waitFor();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await until("all of them", async () => (await rows.count()) === 4);
  await rows.first().focus();
  await page.keyboard.press("j");
  await page.keyboard.press("x");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("x");
  const bulk = page.getByRole("toolbar", { name: "With the chosen incidents" });
  await bulk.getByText("2 chosen").waitFor();
  await screenshot(page, "incidents-bulk");
  await bulk.getByLabel("Close as…").selectOption({ label: "Benign positive" });
  await bulk.waitFor({ state: "detached" });
  await until("both to be closed", async () => (await rows.getByText("Closed", { exact: true }).count()) === 4);
  await rows.nth(2).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("tab", { name: "Story" }).waitFor();
});

cannedTest("the graph shows how alerts, entities and other incidents hang together", async () => {
  await visit(page, "/incidents/inc-0007");
  await page.getByRole("tab", { name: "Graph" }).click();
  const graph = page.getByRole("group", { name: "How alerts, entities and other incidents hang together" });
  await graph.waitFor();
  await becomes(() => graph.getByRole("region", { name: "Alerts" }).getByRole("listitem").count(), 3);
  await becomes(() => graph.locator(".graph-lines path").count(), 7);
  // Who is pointed at is joined with all alerts; an alert without the address is not.
  await graph.getByRole("link", { name: "203.0.113.77" }).focus();
  await becomes(() => graph.locator(".graph-lines path:not(.graph-faint)").count(), 2);
  await becomes(() => graph.locator(".graph-node.graph-faint").count(), 5);
  await screenshot(page, "incident-graph");
  await graph.getByRole("link", { name: /mara\.lindqvist/ }).click();
  await page.waitForURL("**/entities/Account/**");
});
