// A million rows in the grid of a real Quoll: make test-million. It takes longer than
// CI has; logs.test.mjs does the same with a hundred thousand.
import assert from "node:assert/strict";
import { test } from "node:test";
import { becomes, enter, openQuery, rowCount, until } from "./harness.mjs";

const { page, troubles } = await enter();
const million = 1_000_000;
const grid = () => page.getByRole("grid", { name: "Results" });

const cdp = await page.context().newCDPSession(page);
await cdp.send("Performance.enable", { timeDomain: "threadTicks" });

/**
 * Says how long something took until it was on the page, and for how much of that the
 * page's thread had the processor: on a busy machine that alone says something.
 */
async function timed(what, act) {
  const worked = async () => (await cdp.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value;
  const [began, before] = [performance.now(), await worked()];
  await act();
  console.log(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s, of the thread ${((await worked()) - before).toFixed(1)} s`);
}

test("a million rows arrive, scroll, and are sorted, filtered and grouped", async () => {
  await openQuery(page, [
    "set notruncation;", `range N from 1 to ${million} step 1`,
    '| extend TimeGenerated = datetime(2026-01-01) + N * 1s, UserId = strcat("user", N % 977, "@coast.example"), Name = strcat("file ", N * 7919 % 1000003), Bytes = N * 104729 % 1000003',
  ].join("\n"), "all");
  await timed("a million rows asked for and shown", () => grid().waitFor());
  await becomes(() => rowCount(page), million);
  await becomes(() => grid().getAttribute("aria-rowcount"), String(million + 1));

  await grid().focus();
  await timed("to the last row", async () => {
    await page.keyboard.press("Control+End");
    await grid().locator(`[aria-rowindex="${million + 1}"]`).waitFor();
  });
  await becomes(async () => (await grid().getByRole("row").count()) < 80, true);
  await becomes(() => grid().locator(`[aria-rowindex="${million + 1}"] [role=gridcell]`).first().innerText(), String(million));

  const header = (name) => grid().getByRole("columnheader", { name }).first();
  const firstCell = (column) => grid().locator('[data-line="0"]').locator(`[data-column="${column}"]`).innerText();
  await page.keyboard.press("Control+Home");
  // How long the page was held at most while it worked: between two of its frames.
  await page.evaluate(() => {
    let last = performance.now();
    window.longestFrame = 0;
    const frame = () => {
      const now = performance.now();
      window.longestFrame = Math.max(window.longestFrame, now - last);
      last = now;
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  });
  const longest = () => page.evaluate(() => {
    const longest = window.longestFrame;
    window.longestFrame = 0;
    return Math.round(longest);
  });
  for (const [name, column, first] of [[/Bytes/, 4, "1"], [/Name/, 3, "file 1"], [/UserId/, 2, "user0@coast.example"]]) {
    await timed(`sorted by ${name.source}`, async () => {
      await header(name).getByRole("button").click();
      await until("the order", async () => (await firstCell(column)) === first);
    });
    console.log(`the longest frame meanwhile: ${await longest()} ms`);
  }
  await header(/Name/).getByRole("button").click();
  await page.getByRole("progressbar", { name: "Arranging rows" }).waitFor();
  await page.locator(".result-bar").getByRole("button", { name: "Cancel" }).click();
  await becomes(() => page.getByRole("progressbar", { name: "Arranging rows" }).count(), 0);
  await becomes(() => firstCell(2), "user0@coast.example", "the order of before");
  await timed("filtered", async () => {
    await page.getByRole("searchbox", { name: "Filter rows" }).fill("UserId:user7@ Name:999");
    await page.getByText(/^[\d,]+ of 1,000,000 rows$/).waitFor();
  });
  console.log(`the longest frame meanwhile: ${await longest()} ms`);
  await page.getByRole("searchbox", { name: "Filter rows" }).fill("");
  await until("all rows again", async () => (await grid().getAttribute("aria-rowcount")) === String(million + 1));
  await timed("grouped by 977 users", async () => {
    await page.getByRole("button", { name: "Columns" }).click();
    await page.locator(".columns-menu").getByRole("button", { name: "Group by UserId" }).click();
    await page.keyboard.press("Escape");
    await until("the groups", async () => (await grid().getAttribute("aria-rowcount")) === "978");
  });

  await cdp.send("HeapProfiler.collectGarbage");
  const { usedSize } = await cdp.send("Runtime.getHeapUsage");
  console.log(`the page's heap: ${Math.round(usedSize / 2 ** 20)} MiB`);
  const metrics = await (await page.request.get("/metrics")).text();
  const bytes = (name) => Math.round(Number(new RegExp(`^${name} (\\S+)$`, "m").exec(metrics)?.[1]) / 2 ** 20);
  console.log(`the server's resident memory: ${bytes("process_resident_memory_bytes")} MiB`);
  assert.ok(usedSize < 2 ** 30, `${usedSize} bytes`);
});

test("and one more is cut, and says so", async () => {
  await openQuery(page, "set notruncation; range N from 1 to 2000001 step 1", "all");
  await becomes(() => rowCount(page), 2 * million);
  await page.getByTestId("cost").getByText("cut at the limit", { exact: false }).waitFor();
});

test("nothing broke", () => assert.deepEqual(troubles, []));
