// Settings: access tokens, whom incidents are told, what is kept by hand, retention.
import assert from "node:assert/strict";
import { before } from "node:test";
import { becomes, canned, cannedTest, enterCanned, screenshot, until, visit } from "./harness.mjs";

const { server, page } = await enterCanned("-sign-in");

before(async () => {
  if (!canned) return;
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
});

cannedTest("an automation rule is written, refused, tried, kept, switched and taken away", async () => {
  await page.getByRole("link", { name: "Automation", exact: true }).click();
  const rows = page.locator("table.automation tbody tr");
  await rows.nth(1).waitFor();
  await becomes(() => rows.nth(1).innerText(), /it is changed \(severity\)[\s\S]*severity is High[\s\S]*notify soc[\s\S]*4 h ago/);
  await becomes(() => page.getByRole("switch", { name: "Review guests on Mondays is on" }).isDisabled(), true, "a rule of a file");
  await page.getByRole("button", { name: "Tell the SOC of what is high" }).click();
  const panel = page.getByRole("complementary");
  await panel.getByText('no notification target is called "soc"').first().waitFor();
  await becomes(() => panel.getByRole("region", { name: "What it did lately" }).innerText(), /Failed\s+notify soc[\s\S]*Waiting\s+notify soc\s+next attempt/);
  await screenshot(page, "automation");
  await page.getByRole("button", { name: "New rule" }).click();
  const yaml = panel.getByLabel("Rule as YAML");
  await yaml.fill("id: mine\nname: Mine\norder: 5\non: [sometimes]\nactions: [{tag: [a]}]\n");
  await panel.getByRole("button", { name: "Save rule" }).click();
  await panel.getByRole("alert").getByText('on: "sometimes"; it is created or updated', { exact: false }).waitFor();
  await yaml.fill("id: mine\nname: Mine\norder: 5\non: [created]\nactions: [{tag: [a]}]\n");
  await panel.getByLabel("Dry run over").selectOption({ label: "#6 Many files downloaded in a short time" });
  await panel.getByRole("button", { name: "Dry run" }).click();
  await panel.getByText("It would have acted on 1 of 1 incident.").waitFor();
  await panel.getByRole("button", { name: "Save rule" }).click();
  await rows.first().getByText("Mine").waitFor();
  await page.getByRole("switch", { name: "Mine is on" }).click();
  await rows.first().getByText("Off", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Remove Mine" }).click();
  await until("it to be gone", async () => (await rows.count()) === 3);
  await visit(page, "/incidents/inc-0007");
  await page.getByRole("region", { name: "Automation" }).getByText("run query what else this account did").waitFor();
});

cannedTest("an access token is made, shown once, used, and revoked", async () => {
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("link", { name: "Access tokens" }).click();
  await page.getByRole("heading", { name: "No access tokens" }).waitFor();
  await page.getByLabel("Name", { exact: true }).fill("siem");
  await page.getByRole("button", { name: "Make token" }).click();
  const secret = await page.getByTestId("secret").innerText();
  assert.match(secret, /^quoll_.{20,}/);
  await page.getByRole("row", { name: /siem.*Reader.*in (90|89) d/ }).waitFor();
  await screenshot(page, "settings-tokens");
  const ask = () => fetch(server.origin + "/api/v1/session", { headers: { Authorization: "Bearer " + secret } });
  assert.deepEqual(await (await ask()).json(), { name: "token siem", role: "Reader", by: "token", passwordSet: false });
  await page.reload();
  await page.getByRole("row", { name: /siem/ }).waitFor();
  await becomes(() => page.getByTestId("secret").count(), 0);
  await page.getByRole("button", { name: "Revoke siem" }).click();
  await page.getByRole("heading", { name: "No access tokens" }).waitFor();
  assert.equal((await ask()).status, 401);
});

cannedTest("targets of notifications are tested, and say why they fail", async () => {
  await page.getByRole("link", { name: "Notifications" }).click();
  await page.getByRole("button", { name: "Send a test to soc" }).click();
  await page.getByText("Sent", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Send a test to duty" }).click();
  await page.getByText("the message could not be sent").waitFor();
  await page.getByText("after 3 attempts: connection refused").waitFor();
  await screenshot(page, "settings-notifications");
});

cannedTest("a watchlist is imported, looked at, and removed", async () => {
  await page.getByRole("link", { name: "Watchlists" }).click();
  await page.getByRole("button", { name: "HighValueAssets", exact: true }).waitFor();
  await page.getByLabel("Alias").fill("Leavers");
  await page.getByLabel("CSV", { exact: true }).fill("Who,When\nkai.whitford@wattleworks.example,2026-09-01\n");
  await page.getByLabel("Search key").fill("Nobody");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("no column is called Nobody").waitFor();
  await page.getByLabel("Search key").fill("Who");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByRole("button", { name: "Leavers", exact: true }).click();
  await page.getByRole("grid", { name: "Leavers" }).getByText("kai.whitford@wattleworks.example").waitFor();
  await screenshot(page, "settings-watchlists");
  await page.getByRole("button", { name: "Remove Leavers" }).click();
  await page.getByRole("button", { name: "Leavers", exact: true }).waitFor({ state: "detached" });
});

cannedTest("a function is checked when it is saved, and its versions are there", async () => {
  await page.getByRole("link", { name: "Functions" }).click();
  await page.getByRole("heading", { name: "No saved functions" }).waitFor();
  await page.getByLabel("Name", { exact: true }).fill("MailOf");
  await page.getByLabel("Parameters").fill("who:string");
  await page.getByLabel("Text").fill("OfficeActivity | where NoSuchColumn == who");
  await page.getByRole("button", { name: "Save function" }).click();
  await page.getByText('no column "NoSuchColumn"', { exact: false }).first().waitFor();
  await page.getByLabel("Text").fill("OfficeActivity | where UserId == who");
  await page.getByRole("button", { name: "Save function" }).click();
  await page.getByText("MailOf has version 1 now.").waitFor();
  await page.getByRole("button", { name: "MailOf(who:string)" }).click();
  await until("its text", async () => (await page.getByLabel("Text").inputValue()).includes("UserId == who"));
  await page.getByRole("button", { name: "Save function" }).click();
  await page.getByText("MailOf has version 2 now.").waitFor();
  await screenshot(page, "settings-functions");
});

cannedTest("indicators are found, imported, and matched with the past", async () => {
  await page.getByRole("link", { name: "Indicators" }).click();
  await page.getByLabel("Source").fill("ours");
  await page.getByLabel("Text").fill("value,type\n198.51.100.4,ipv4-addr:value\nnothing\n");
  await page.getByRole("button", { name: "Import", exact: true }).click();
  await page.getByText("1 new or changed, of 2").waitFor();
  await page.getByText("it has no type").waitFor();
  await page.getByRole("searchbox").fill("198.51");
  await page.getByRole("row", { name: /198\.51\.100\.4.*ours/ }).waitFor();
  await page.getByRole("button", { name: "Look for them" }).click();
  await page.getByText("1 alert was raised.").waitFor();
  await screenshot(page, "settings-indicators");
});

cannedTest("an exception waits for a second person, ends, and a further one is made", async () => {
  await page.getByRole("link", { name: "Exceptions" }).click();
  const waiting = page.getByRole("row", { name: /203\.0\.113\.9/ });
  await waiting.getByText("Waits for a second person").waitFor();
  await screenshot(page, "settings-exceptions");
  await waiting.getByRole("button", { name: "Agree to the exception of 203.0.113.9" }).click();
  await waiting.getByText("Active").waitFor();
  await waiting.getByRole("button", { name: "End the exception of 203.0.113.9" }).click();
  await waiting.getByText("Ended").waitFor();
  await page.getByLabel("Value").fill("printer@wattleworks.example");
  await page.getByLabel("Why").fill("It sends what it scans.");
  await page.getByRole("button", { name: "Make exception" }).click();
  await page.getByRole("row", { name: /printer@wattleworks\.example.*every rule/ }).waitFor();
});

cannedTest("retention says which rules there are, what they would remove, and what was removed", async () => {
  await page.getByRole("link", { name: "Retention" }).click();
  await page.getByRole("region", { name: "Rules" }).locator("tbody tr").first().waitFor();
  await page.getByRole("button", { name: "Show", exact: true }).click();
  await page.getByRole("region", { name: "What the next run would remove" }).locator("tbody tr").first().waitFor();
  await page.getByRole("region", { name: "What was removed" }).locator("tbody tr").first().waitFor();
  await screenshot(page, "settings-retention");
});
