// node .look.mjs path name [script]
import { openBrowser } from "./harness.mjs";
const { browser, page, troubles } = await openBrowser("http://127.0.0.1:5199");
page.setDefaultTimeout(60000);
const { default: go } = await import(process.argv[2]);
try { await go(page); } catch (e) { console.log(e.message); await page.screenshot({ path: "/tmp/ui-shots/look-fail.png" }); }
console.log(troubles.join("\n").slice(0, 3000));
await browser.close();
