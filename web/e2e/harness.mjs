// Drives Debian's Chromium over a Quoll: the one at QUOLL_URL, or, without it,
// the built UI in dist over canned answers (server/servertest/canned).
//
// The content security policy forbids eval, so nothing here uses
// page.waitForFunction: conditions are polled with locators and page.evaluate.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { chromium } from "playwright-core";

export const root = join(import.meta.dirname, "..", "..");

/** Whether the answers are the canned ones, of which more is known. */
export const canned = !process.env.QUOLL_URL;

/** A test of what only canned answers have. */
export const cannedTest = canned ? test : () => {};

/** A real Quoll may have to collect and detect first. */
export const patience = canned ? 20_000 : 180_000;

/** Starts canned answers; returns their address and how to stop them. */
export async function startCanned(...args) {
  const binary = process.env.QUOLL_CANNED;
  const command = binary ? [binary] : ["go", "run", "./server/servertest/canned"];
  const child = spawn(command[0], [...command.slice(1), ...args], { cwd: root, stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  for await (const line of createInterface({ input: child.stdout })) {
    // The end of its standard input ends the process, also when go run is between.
    const url = line.trim(); // with the one-time link, where one signs in
    return { url, origin: new URL(url).origin, stop: () => (child.stdin.end(), ended) };
  }
  throw new Error("the canned server said nothing; see its errors above");
}

const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** A browser, a page, and what went wrong or out in it. */
export async function openBrowser(base, options = {}) {
  const browser = await chromium.launch({ executablePath: process.env.QUOLL_CHROMIUM ?? "/usr/bin/chromium", args: flags });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, baseURL: base, locale: "en-AU", timezoneId: "Australia/Hobart", colorScheme: "light", reducedMotion: "reduce", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  const troubles = [];
  const requests = [];
  page.on("pageerror", (error) => troubles.push(`page error: ${error.stack ?? error}`));
  page.on("console", (message) => message.type() === "error" && troubles.push(`console: ${message.text()}`));
  page.on("request", (request) => requests.push(request.url()));
  return { browser, context, page, troubles, requests };
}

/**
 * Canned answers and a browser, until the tests of the file have ended; nothing
 * with a real Quoll.
 */
export async function enterCanned(...args) {
  if (!canned) return {};
  const server = await startCanned(...args);
  return { server, ...(await openUntilTheEnd(server)) };
}

async function openUntilTheEnd(server, options) {
  const opened = await openBrowser(server.origin, options);
  after(async () => {
    await opened.browser.close();
    await server.stop();
  });
  return opened;
}

/**
 * A server, canned or the one at QUOLL_URL, and a browser that is signed in there,
 * until the tests of the file have ended.
 * The one-time link of a real one works once, so what it gave is kept for the
 * other files.
 */
export async function enter() {
  const given = process.env.QUOLL_URL;
  const server = canned ? await startCanned() : { url: given, origin: new URL(given).origin, stop: () => {} };
  const kept = join(tmpdir(), `quoll-e2e-${createHash("sha256").update(String(given)).digest("hex").slice(0, 16)}.json`);
  const known = !canned && existsSync(kept);
  const opened = await openUntilTheEnd(server, known ? { storageState: kept } : {});
  if (!canned && !known) {
    await opened.page.goto(given);
    await opened.page.getByRole("heading", { name: "Overview" }).waitFor();
    await opened.context.storageState({ path: kept });
  }
  return { server, ...opened };
}

/** Waits until the condition holds. */
export async function until(what, condition, timeout = patience) {
  const end = Date.now() + timeout;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) assert.fail(`waited in vain for ${what}`);
    await sleep(100);
  }
}

/**
 * Waits until what is read of a page is the value, or matches it: a page that is
 * busy shows what was done a little later. Says what it is, where it never is.
 */
export async function becomes(read, want, message) {
  const is = want instanceof RegExp ? (value) => want.test(value) : (value) => value === want;
  const end = Date.now() + patience;
  let value = await read();
  while (!is(value) && Date.now() < end) {
    await sleep(100);
    value = await read();
  }
  if (want instanceof RegExp) assert.match(value, want, message);
  else assert.equal(value, want, message);
}

/**
 * Goes to a page as a link of the app does, without loading the app anew, which
 * takes longer than most tests; where it is not loaded yet, it is.
 */
export async function visit(page, path) {
  if ((await page.locator("#main").count()) === 0) return page.goto(path);
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, path);
}

/** Opens the Logs page with a query, which runs at once, in the only tab. */
export async function openQuery(page, query, range = "P7D") {
  const link = "/logs#" + new URLSearchParams({ query, range }).toString().replaceAll("+", "%20");
  await visit(page, "/logs");
  await page.getByRole("tablist", { name: "Queries" }).waitFor();
  await page.evaluate(() => {
    document.querySelectorAll(".query-tab-close").forEach((button) => button.click());
    // Or the query of the last time is taken for one that somebody has changed since.
    sessionStorage.removeItem("quoll.logs.address");
  });
  await visit(page, link);
}

/** The same in a page that is loaded anew, editor and all. */
export async function loadQuery(page, query, range = "P7D") {
  // Both, or a page that knows the address and has no tab of it takes it for a reload
  // after some keys, and runs nothing.
  if (page.url().startsWith("http")) await page.evaluate(() => { localStorage.removeItem("quoll.logs"); sessionStorage.removeItem("quoll.logs.address"); });
  await page.goto("about:blank");
  await page.goto("/logs#" + new URLSearchParams({ query, range }).toString().replaceAll("+", "%20"));
}

/** The rows that the last query returned, as the page says. */
export async function rowCount(page) {
  const text = await page.getByTestId("cost").innerText();
  return Number(/^([\d,]+)/.exec(text)?.[1].replaceAll(",", ""));
}

/** Writes docs/screenshots/name.png when QUOLL_SCREENSHOTS is set, with the pointer on an element or out of the way. */
export async function screenshot(page, name, pointAt) {
  const folder = process.env.QUOLL_SCREENSHOTS;
  if (!folder) return;
  const target = folder === "1" ? join(root, "docs", "screenshots") : folder;
  await mkdir(target, { recursive: true });
  if (pointAt) await pointAt.hover();
  else await page.mouse.move(720, 890);
  await sleep(500); // motion has ended
  await page.screenshot({ path: join(target, `${name}.png`) });
}
