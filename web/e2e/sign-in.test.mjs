// Who comes in, by what, and what their role lets them do. It starts servers of
// its own, so it has nothing to ask of a real one.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { becomes, canned, cannedTest, openBrowser, openQuery, rowCount, screenshot, startCanned, until, visit } from "./harness.mjs";

const secret = "a-token-of-the-tests-0123456789abcdef";
const password = "correct horse battery";
let folder, server, opened;

before(async () => {
  if (!canned) return;
  folder = await mkdtemp(join(tmpdir(), "quoll-e2e-"));
  await writeFile(join(folder, "token"), secret);
  server = await startCanned("-sign-in", "-token-file", join(folder, "token"));
  opened = await openBrowser(server.origin);
});

after(async () => {
  await opened?.browser.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

cannedTest("the first administrator comes by a link, chooses a password, and comes again with it", async () => {
  const { page } = opened;
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.ok(!page.url().includes("link="), page.url());
  assert.equal(await page.evaluate(() => document.cookie), "", "scripts cannot read the session");
  await page.getByRole("link", { name: "Choose a password" }).click();
  await page.getByLabel("New password", { exact: true }).fill(password);
  await page.getByLabel("New password, again").fill(password);
  await page.getByRole("button", { name: "Set password" }).click();
  await page.getByText("The password is set.", { exact: false }).waitFor();
  await page.getByRole("button", { name: "Signed in as administrator, Administrator" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();

  await page.getByLabel("Name", { exact: true }).fill("administrator");
  await page.getByLabel("Password", { exact: true }).fill("a wrong password");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("name or password is wrong", { exact: false }).waitFor();
  await screenshot(page, "sign-in");
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("button", { name: "Signed in as administrator, Administrator" }).waitFor();
});

cannedTest("a reader is invited, looks at everything, and changes nothing", async () => {
  const { page, browser } = opened;
  await page.getByRole("button", { name: /^Signed in as/ }).click();
  await page.getByRole("menuitem", { name: "People" }).click();
  await page.getByLabel("Name", { exact: true }).fill("ines.okafor");
  await page.getByLabel("Role", { exact: true }).selectOption("Reader");
  await page.getByRole("button", { name: "Make a link" }).click();
  const link = await page.getByTestId("link").innerText();
  await page.getByRole("row", { name: /ines\.okafor/ }).getByText("No password yet").waitFor();
  await screenshot(page, "people");

  // A query that is kept for all, with its range.
  await openQuery(page, "OfficeActivity | take 7", "P3D");
  await becomes(() => rowCount(page), 7);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("textbox", { name: "Name" }).fill("Seven of them");
  await page.getByLabel("Everybody may see it").check();
  await page.getByRole("textbox", { name: "Name" }).press("Enter");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await visit(page, "/settings/people");

  const context = await browser.newContext({ baseURL: server.origin });
  const reader = await context.newPage();
  await reader.goto(link);
  await reader.getByRole("heading", { name: "Overview" }).waitFor();
  await visit(reader, "/logs");
  const kept = reader.getByRole("complementary", { name: "Tables and samples" });
  await kept.getByRole("tab", { name: "Saved" }).click();
  await kept.getByRole("button", { name: /^Seven of them.*administrator/ }).click();
  await becomes(() => rowCount(reader), 7);
  await reader.getByRole("button", { name: "Time range: Last 3 days" }).waitFor();
  await until("the link to hold both", () => reader.url().endsWith("#query=OfficeActivity%20%7C%20take%207&range=P3D"));
  await becomes(() => kept.getByRole("button", { name: "Remove Seven of them" }).count(), 0, "what another keeps");
  await becomes(() => reader.getByRole("button", { name: "Save", exact: true }).isDisabled(), true);
  await reader.goto("/incidents/inc-0007");
  await reader.getByText("changing this takes the role Responder", { exact: false }).waitFor();
  await becomes(() => reader.getByRole("button", { name: "Add comment" }).isDisabled(), true);
  await reader.goto("/automation");
  await reader.getByRole("switch", { name: "Calm the backup account is on" }).waitFor();
  await becomes(() => reader.getByRole("switch", { name: "Calm the backup account is on" }).isDisabled(), true);
  await becomes(() => reader.getByRole("button", { name: "New rule" }).count(), 0);
  await visit(reader, "/archive");
  await reader.getByRole("region", { name: "Erasure of one person’s data" }).getByText("takes the role Administrator").waitFor();
  await reader.goto("/settings/people");
  await reader.getByRole("heading", { name: "Not for your role" }).waitFor();
  await reader.goto(link);
  await reader.getByRole("heading", { name: "That link did not work" }).waitFor();

  await page.getByLabel("Role of ines.okafor").selectOption("Responder");
  await becomes(() => page.getByLabel("Role of ines.okafor").inputValue(), "Responder");
  // Whom the administrator disables is out at once.
  await page.getByRole("row", { name: /ines\.okafor/ }).getByRole("button", { name: "Disable" }).click();
  await page.getByRole("row", { name: /ines\.okafor/ }).getByText("Disabled").waitFor();
  await reader.goto("/incidents");
  await reader.getByRole("heading", { name: "Sign in to Quoll" }).waitFor();
  await context.close();
});

cannedTest("the token is taken instead, and refused when wrong", async () => {
  const { page } = opened;
  await page.context().clearCookies();
  await page.goto("/incidents");
  await page.getByRole("button", { name: "Use a token instead" }).click();
  const field = page.getByLabel("Token");
  await field.fill("wrong");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("The server did not take that token.").waitFor();
  await field.fill(secret);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator("table.queue tbody tr").first().waitFor();
  assert.ok(!page.url().includes(secret));
});
