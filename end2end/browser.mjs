// A real browser, with and without JavaScript, and what is checked on each page.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const screenshots = process.env.CERTPORTER_SCREENSHOTS;
const widths = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

export async function startBrowser() {
  if (screenshots) await mkdir(screenshots, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    // Containers run as root, where Chromium's sandbox can't work. Only this project's pages are opened.
    args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
  });
}

// Opens a page; anything that its console complains about is kept in `page.complaints`.
export async function open(browser, { javaScript = true, colours = "light", state } = {}) {
  const context = await browser.newContext({
    javaScriptEnabled: javaScript,
    colorScheme: colours,
    viewport: widths.wide,
    storageState: state,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  page.complaints = [];
  page.on("console", (message) => {
    const expected = /status of (404|422|403|429)/.test(message.text());
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

// Looks at the page as it is: accessible, fitting at both widths, no complaint. Pictures go to the target folder.
export async function look(page, name) {
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    if (screenshots) await page.screenshot({ path: join(screenshots, `${name}-${width}.png`), fullPage: true });
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    assert.ok(wider <= 0, `${name} is ${wider} px too wide at ${size.width} px`);
    const found = await new AxeBuilder({ page }).analyze();
    const faults = found.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target).join(", ")})`);
    assert.deepEqual(faults, [], `${name} at ${size.width} px is not accessible`);
  }
  await page.setViewportSize(widths.wide);
  assert.deepEqual(page.complaints, [], `${name}: the browser complains`);
}
