// Usage: node check_page.mjs FOLDER
// Opens hostile.html and sample.html of the folder, uses them as a reader would, and leaves
// screenshots beside them. Exit code 77 where there is no Chromium.
import { strict as assert } from "node:assert";
import { join } from "node:path";
import { Browser, chromium_path } from "./browser.mjs";

const folder = process.argv[2];
if (!chromium_path) {
  console.log("skipped: chromium is not installed");
  process.exit(77);
}

const wide = { width: 1280, height: 900 };
const narrow = { width: 400, height: 860 };
const cells = "#grid button.cell";
const found = (page) => page.textContent("#found");

async function assert_quiet({ page, seen }) {
  assert.deepEqual(seen, { console: [], requests: [], dialogs: [] });
  assert.equal(await page.evaluate(() => globalThis.hacked), undefined, "a foreign script ran");
}

// What the run says of itself is shown as text and does nothing.
async function hostile_page(browser) {
  const opened = await browser.page(join(folder, "hostile.html"));
  const { page } = opened;
  for (const row of await page.locator("details.job:not([open]) > summary").all()) await row.click();
  const names = await page.locator("#jobs .title").allTextContents();
  assert.ok(names.includes("</script><script>hacked=1;alert(1)</script>"), names);
  assert.ok(names.includes('"><img src=x onerror=hacked=1>'), names);
  const messages = await page.locator(".errors pre").allTextContents();
  assert.ok(messages.some((message) => message.length > 10_000), "the long error is whole");
  assert.equal(await page.locator("script").count(), 2);
  assert.equal(await page.locator('img[src="x"]').count(), 0);
  for (let i = 0; i < 6; ++i) {
    await page.mouse.wheel(0, 1500);
    await page.waitForTimeout(60);
  }
  await page.fill("#search", "<b>");
  assert.equal(await page.locator(cells).count(), 1);
  await page.click(cells);
  assert.ok((await page.textContent("#viewer-title")).includes("<b>"));
  await page.keyboard.press("Escape");
  await page.fill("#search", "broken");
  await page.locator(".ground.broken").first().waitFor();
  await page.waitForTimeout(200);
  assert.equal(await overflow(page), 0, "the page is as wide as its window");
  await assert_quiet(opened);
}

const overflow = (page) => page.evaluate(() =>
  document.documentElement.scrollWidth - document.documentElement.clientWidth);

async function search_and_filters(browser) {
  const opened = await browser.page(join(folder, "sample.html"));
  const { page } = opened;
  const all = await page.evaluate(() => JSON.parse(document.getElementById("data").textContent).pictures.items.length);
  assert.ok(all >= 1000);
  await page.locator("#tools").scrollIntoViewIfNeeded();
  await page.locator(cells).first().waitFor();
  const in_document = await page.locator(cells).count();
  assert.ok(in_document > 0 && in_document < 400, `${in_document} of ${all} cells are in the document`);
  await page.keyboard.press("/");
  await page.keyboard.type("icon-7 zzz");
  assert.match(await found(page), /^0 of/);
  await page.fill("#search", "ARROW-left");
  assert.match(await found(page), /^\d+ of /);
  for (const name of await page.locator(`${cells} .name`).allTextContents()) assert.match(name, /arrow-left/);
  await page.fill("#search", "");
  await page.click('#states [data-state="changed"]');
  const changed = Number((await found(page)).split(" ")[0]);
  assert.ok(changed > 0 && changed < all);
  await page.selectOption("#configuration", { index: 1 });
  assert.ok(Number((await found(page)).split(" ")[0]) <= changed);
  await assert_quiet(opened);
}

// Every picture on both grounds, the dark one where there is one; changed ones before and after.
async function grounds(browser) {
  const opened = await browser.page(join(folder, "sample.html"));
  const { page } = opened;
  await page.fill("#search", "has-dark");
  await page.locator(`${cells} .dark img[src]`).first().waitFor();
  const sources = await page.locator(`${cells} >> nth=0`).evaluate((cell) =>
    [".light img", ".dark img"].map((image) => cell.querySelector(image).src));
  assert.notEqual(sources[0], sources[1]);
  for (const source of sources) assert.match(source, /^data:image\/svg\+xml/);
  await page.locator("#changes .pair").first().scrollIntoViewIfNeeded();
  await page.locator("#changes .pair >> nth=0 >> img[src]").nth(3).waitFor();
  const sides = await page.locator("#changes .pair").first().locator(".light img").evaluateAll((images) =>
    images.map((image) => [image.src, image.naturalWidth > 0]));
  assert.equal(sides.length, 2);
  assert.notEqual(sides[0][0], sides[1][0]);
  assert.ok(sides[0][1] && sides[1][1], "both are drawn");
  assert.ok(await page.locator("#changes").getByText("Removed").count());
  await assert_quiet(opened);
}

async function keyboard_and_tips(browser) {
  const opened = await browser.page(join(folder, "sample.html"));
  const { page } = opened;
  await page.locator("#tools").scrollIntoViewIfNeeded();
  await page.locator(cells).first().focus();
  const focused = () => page.evaluate(() => document.activeElement.closest("[role=listitem]")?.ariaPosInSet);
  for (let i = 0; i < 60; ++i) await page.keyboard.press("Tab");
  assert.equal(await focused(), "61");
  await page.keyboard.press("Enter");
  const title = await page.textContent("#viewer-title");
  await page.keyboard.press("ArrowRight");
  assert.notEqual(await page.textContent("#viewer-title"), title);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator("#viewer").evaluate((viewer) => viewer.open), false);
  await page.locator(".lane").first().focus();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Tab");
  assert.match(await page.textContent("#tip"), /downloading/);
  const track = page.locator(".lane .track").first();
  await track.hover({ position: { x: (await track.boundingBox()).width * 0.24, y: 13 } });
  assert.match(await page.textContent("#tip"), /web\.yaml\nwaiting: .*\nall stand still for 7\.2 s: the budget/);
  await assert_quiet(opened);
}

async function screenshots(browser) {
  for (const [size, scheme] of [[wide, "light"], [narrow, "light"], [wide, "dark"]]) {
    const { page, seen } = await browser.page(join(folder, "sample.html"), size);
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: "reduce" });
    const shot = (part) => page.screenshot({ path: join(folder, `${part}-${size.width}-${scheme}.png`) });
    assert.equal(await overflow(page), 0, `no sideways scrolling at ${size.width} px`);
    await shot("top");
    for (const part of ["timeline", "changes", "gallery"]) {
      await page.evaluate((id) => document.getElementById(id).scrollIntoView(), part);
      await page.waitForTimeout(300);
      await shot(part);
    }
    await page.click('#states [data-state="changed"]');
    await page.locator(cells).first().click();
    await page.waitForTimeout(200);
    await shot("viewer");
    assert.deepEqual(seen.console, []);
    await page.close();
  }
}

const browser = await Browser.open();
try {
  for (const check of [hostile_page, search_and_filters, grounds, keyboard_and_tips, screenshots]) {
    const start = performance.now();
    await check(browser);
    console.log(`${check.name}: ${Math.round(performance.now() - start)} ms`);
  }
  console.log("the pages are as they should be");
} finally {
  await browser.close();
}
