// Chromium as Debian has it, with a profile of its own, and pages that tell of everything they do.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const chromium_path = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);

const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync",
];

export class Browser {
  static async open(options = {}) {
    const browser = new Browser();
    browser.profile = mkdtempSync(join(tmpdir(), "gantry-chromium-"));
    browser.context = await chromium.launchPersistentContext(browser.profile, {
      executablePath: chromium_path,
      args: flags,
      headless: true,
      viewport: { width: 1280, height: 900 },
      ...options,
    });
    return browser;
  }

  async close() {
    await this.context.close();
    rmSync(this.profile, { recursive: true, force: true });
  }

  // `seen` collects what a page must not do: faults, requests, dialogs.
  async page(file, size) {
    const page = await this.context.newPage();
    if (size) await page.setViewportSize(size);
    page.setDefaultTimeout(10_000);
    const seen = { console: [], requests: [], dialogs: [] };
    const url = pathToFileURL(file).href;
    page.on("console", (message) => seen.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => seen.console.push(String(error)));
    page.on("dialog", (dialog) => {
      seen.dialogs.push(dialog.message());
      dialog.dismiss();
    });
    page.on("request", (request) => {
      const is_own = request.url().startsWith("data:") || request.url().split("#")[0] === url;
      if (!is_own) seen.requests.push(request.url());
    });
    await page.goto(url);
    await page.waitForFunction(() => document.getElementById("footer").textContent);
    return { page, seen };
  }
}
