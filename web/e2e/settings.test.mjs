// Settings: access tokens, whom incidents are told, watchlists.
import assert from "node:assert/strict";
import { before } from "node:test";
import { canned, cannedTest, enterCanned, screenshot } from "./harness.mjs";

const { server, page } = await enterCanned("-sign-in");

before(async () => {
  if (!canned) return;
  await page.goto(server.url);
  await page.getByRole("heading", { name: "Overview" }).waitFor();
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
  assert.equal(await page.getByTestId("secret").count(), 0);
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
