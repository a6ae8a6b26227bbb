// Usage: node check_dashboard.mjs OPEN_URL,LOCKED_URL,FOLDER
// Uses the dashboard of two servers as people do, one of which wants a key, and leaves screenshots in
// the folder. Exit code 77 where there is no Chromium.
import { strict as assert } from "node:assert";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import { chromium } from "playwright-core";

const chromium_path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
if (!chromium_path) {
  console.log("skipped: chromium is not installed");
  process.exit(77);
}
const [open_url, locked_url, folder] = process.argv[2].split(",");
const running = "batch_1763061500000_22222222"; // for ever
const hostile = "batch_1763061300000_<b>hostile";
const pi = (number) => `01K9Z3K4GMDWTT0VQX${String(number).padStart(8, "0")}`;

async function open_page(context, url) {
  const page = await context.newPage();
  page.setDefaultTimeout(120_000); // on a machine with other work, too
  page.faults = [];
  // A refusal that a test provokes is no fault of the page.
  const expected = /status of (400|401)/;
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type()) && !expected.test(message.text())) {
      page.faults.push(message.text());
    }
  });
  page.on("pageerror", (error) => page.faults.push(String(error)));
  page.on("dialog", (dialog) => {
    page.faults.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (!request.url().startsWith(url)) page.faults.push(`request: ${request.url()}`);
  });
  // Violations of the policy are told to scripts as well as to the console.
  await page.addInitScript(() => {
    globalThis.violations = [];
    document.addEventListener("securitypolicyviolation", (event) =>
      globalThis.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
  });
  await page.goto(url);
  return page;
}

async function assert_quiet(page) {
  assert.deepEqual(page.faults, []);
  assert.deepEqual(await page.evaluate(() => globalThis.violations), []);
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined, "a foreign script ran");
  const wider = await page.evaluate(() =>
    document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(wider, 0, "the page is as wide as its window");
}

async function assert_accessible(page, what) {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const told = violations.map((found) =>
    `${what}: ${found.impact} ${found.id}: ${found.nodes.map((node) => node.target.join(" ")).join(", ")}`);
  for (const line of told) console.log(line);
  const serious = violations.filter((found) => ["serious", "critical"].includes(found.impact));
  assert.deepEqual(serious.map((found) => found.id), []);
}

const picture = (page, name) => page.screenshot({ path: join(folder, `${name}.png`) });
const row = (page, id) => page.locator("#batch-list button", { hasText: id });

async function batches_live(context) {
  const page = await open_page(context, open_url);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await row(page, running).waitFor();
  const before = await row(page, running).locator(".quiet").textContent();
  await page.waitForFunction(([id, text]) => [...document.querySelectorAll("#batch-list button")]
    .some((button) => button.textContent.includes(id) && !button.textContent.includes(text)),
    [running, before.split(" · ")[0]]);
  assert.equal(await page.locator("#batch-list b").count(), 0, "a batch's name is text");
  assert.ok(await row(page, hostile).isVisible());
  assert.equal(await page.locator("#batch-list li").count(), 50);
  await page.click("#more-batches");
  await page.locator("#batch-list li").nth(60).waitFor();
  await page.waitForFunction(() => document.querySelector("#chart polyline"));
  assert.match(await page.getAttribute("#chart", "aria-label"), /tasks ended in the last minute/);
  await assert_accessible(page, "page");
  await assert_quiet(page);
  await page.close();
}

async function comes_back(context) {
  const page = await open_page(context, open_url);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await page.evaluate(() => fetch("/fake/drop", { method: "POST" }));
  await page.locator("#connection", { hasText: "Reconnecting" }).waitFor();
  // What happens meanwhile is not missed.
  const { batch_id } = await page.evaluate((pis) => fetch("/export/mods/batch", {
    method: "POST", body: JSON.stringify({ pis, options: {} }),
  }).then((answer) => answer.json()), [pi(0)]);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await row(page, batch_id).waitFor();
  await page.locator("#batch-list li", { hasText: batch_id }).locator(".pill.good").waitFor();
  await assert_quiet(page);
  await page.close();
}

async function hostile_texts(context) {
  const page = await open_page(context, open_url);
  await row(page, hostile).click();
  await page.check("#failures-first");
  const failed = page.locator("#tasks tr.error");
  // Between two lists there is no row.
  await page.waitForFunction(() => document.querySelector("#tasks tr")?.classList.contains("error"));
  assert.equal(await failed.count(), 6);
  assert.ok((await failed.first().textContent()).includes('"><img src=x onerror=hacked=1>'));
  assert.ok((await failed.first().locator(".reason").textContent()).startsWith("</td><script>"));
  assert.equal(await page.locator("#tasks img, #tasks script").count(), 0);
  assert.equal(await page.locator("#tasks tr").count(), 100);
  await page.click("#more-tasks");
  await page.waitForFunction(() => document.querySelectorAll("#tasks tr").length === 150);
  await picture(page, "failures");
  await assert_accessible(page, "batch");
  await assert_quiet(page);
  // The address names the batch.
  await page.reload();
  await page.locator("#batch[open] #batch-title", { hasText: hostile }).waitFor();
  await page.keyboard.press("Escape");
  await page.waitForFunction(() => location.hash === "");
  await page.close();
}

async function submit_and_follow(context) {
  const page = await open_page(context, open_url);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await page.fill("#pis", `${pi(1)}\nnot-a-pi ${pi(1)}`);
  await page.click("#send");
  assert.match(await page.textContent("#pis-errors"), /not-a-pi: is not a PI/);
  assert.match(await page.textContent("#pis-count"), /1 PI, 1 left out .* 1 malformed/);
  await page.fill("#pis", `${pi(1)}\nBAD${pi(2).slice(3)}`);
  await page.click("#send");
  await page.waitForFunction(() => document.querySelector("#pis-errors").textContent.includes("is unknown to the archive"));
  assert.match(await page.textContent("#pis-errors"), /^BAD/);
  await picture(page, "refused");
  await assert_accessible(page, "form with faults");

  const list = join(mkdtempSync(join(tmpdir(), "gantry-pis-")), "pis.txt");
  writeFileSync(list, Array.from({ length: 6 }, (_, i) => pi(i)).join("\n"));
  await page.fill("#pis", "");
  await page.setInputFiles("#file", list);
  await page.waitForFunction(() => document.querySelector("#pis-count").textContent === "6 PIs");
  // Without a mouse from here on.
  await page.focus("#recursive");
  await page.keyboard.press("Space");
  assert.ok(await page.isEnabled("#max-depth"));
  await page.focus("#send");
  await page.keyboard.press("Enter");
  await page.locator("#announcer", { hasText: "has begun with 6 exports" }).waitFor({ state: "attached" });
  await row(page, "of 6 complete").first().waitFor();
  await row(page, "of 6 complete").first().focus();
  await page.keyboard.press("Enter");
  await page.locator("#tasks tr").nth(5).waitFor();
  await picture(page, "running");
  await page.waitForFunction(() => document.querySelector("#batch-facts").textContent.includes("partly failed"));
  await page.waitForFunction(() => /has ended: 5 of 6 complete, 1 failed/.test(document.querySelector("#announcer").textContent));
  assert.match(await page.textContent("#tasks tr.error .reason"), /no children and no text/);
  await page.waitForFunction(() => document.querySelectorAll("#tasks tr.success").length === 5 && [...document.querySelectorAll("#tasks tr.success")]
    .every((task) => task.cells[2].textContent === "1" && task.cells[3].textContent === "333 kB"));
  await page.focus("#retry");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#batch-facts").textContent.includes("6 of 6 complete"));
  const begun = page.waitForEvent("download");
  await page.click("#download");
  assert.equal((await begun).suggestedFilename(), "batch.zip");
  await assert_quiet(page);
  await page.close();
}

async function cancel_asks(context) {
  const page = await open_page(context, open_url);
  const many = Array.from({ length: 2000 }, (_, i) => pi(i)).join(" ");
  await page.fill("#pis", many);
  await page.click("#send");
  await row(page, "of 2,000 complete").first().click();
  await page.locator("#batch[open] #download", { hasText: "Download what is there" }).waitFor();
  await page.click("#cancel");
  await page.waitForFunction(() => document.activeElement.id === "confirm-no");
  await assert_accessible(page, "confirmation");
  await page.keyboard.press("Enter");
  assert.ok(await page.isHidden("#confirm"));
  await page.click("#cancel");
  await picture(page, "cancel");
  await page.click("#confirm-yes");
  await page.waitForFunction(() => document.querySelector("#batch-facts").textContent.includes("cancelled"));
  assert.ok(await page.isVisible("#retry"));
  await assert_quiet(page);
  await page.close();
}

async function key_for_a_cookie(context) {
  const page = await open_page(context, locked_url);
  await page.locator("#key-dialog[open]").waitFor();
  await assert_accessible(page, "key");
  await page.fill("#key", "wrong");
  await page.keyboard.press("Enter");
  await page.locator("#key-error", { hasText: "does not know this key" }).waitFor();
  await picture(page, "key");
  await page.fill("#key", "sesame");
  await page.keyboard.press("Enter");
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await row(page, running).waitFor();
  const [cookie] = await context.cookies(locked_url);
  assert.ok(cookie.httpOnly);
  assert.equal(cookie.sameSite, "Strict");
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.ok(!(await page.evaluate(() => JSON.stringify(localStorage))).includes("sesame"));
  await page.reload();
  await row(page, running).waitFor();
  await page.click("#sign-out");
  await page.locator("#key-dialog[open]").waitFor();
  await assert_quiet(page);
  await page.close();
}

async function looks(context) {
  const page = await open_page(context, open_url);
  await page.locator("#connection", { hasText: "Live" }).waitFor();
  await page.waitForTimeout(4500);
  const light = { colorScheme: "light", width: 1280, height: 1000 };
  const all = { light, dark: { ...light, colorScheme: "dark" }, narrow: { ...light, width: 400 } };
  for (const [name, { colorScheme, ...size }] of Object.entries(all)) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    await page.waitForTimeout(200);
    await picture(page, name);
    if (name !== "light") await assert_accessible(page, name);
    await assert_quiet(page);
  }
  await page.close();
}

const profile = mkdtempSync(join(tmpdir(), "gantry-chromium-"));
const context = await chromium.launchPersistentContext(profile, {
  executablePath: chromium_path,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  headless: true,
  colorScheme: "light",
  viewport: { width: 1280, height: 1000 },
});
try {
  for (const check of [
    batches_live, comes_back, hostile_texts, submit_and_follow, cancel_asks, key_for_a_cookie, looks,
  ]) {
    const begun = Date.now();
    await check(context);
    console.log(`${check.name}: good after ${((Date.now() - begun) / 1000).toFixed(1)} s`);
  }
} finally {
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
