// A server that asks for a bearer token.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { canned, openBrowser, startCanned } from "./harness.mjs";

const secret = "a-token-of-the-tests-0123456789abcdef";
let folder, server, opened;

// It starts a server of its own, so it has nothing to ask of a real one.
const cannedTest = canned ? test : () => {};

before(async () => {
  if (!canned) return;
  folder = await mkdtemp(join(tmpdir(), "quoll-e2e-"));
  await writeFile(join(folder, "token"), secret);
  server = await startCanned("-token-file", join(folder, "token"));
  opened = await openBrowser(server.url);
});

after(async () => {
  await opened?.browser.close();
  await server?.stop();
  if (folder) await rm(folder, { recursive: true });
});

cannedTest("the token is asked for, refused when wrong, and taken", async () => {
  const { page } = opened;
  await page.goto("/incidents");
  const field = page.getByLabel("Token");
  await field.fill("wrong");
  await page.getByRole("button", { name: "Continue" }).click();
  await page.getByText("The server did not take that token.").waitFor();
  await field.fill(secret);
  await page.getByRole("button", { name: "Continue" }).click();
  await page.locator("table.queue tbody tr").first().waitFor();
  assert.ok(!page.url().includes(secret));
});
