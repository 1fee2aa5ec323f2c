// A real browser, with and without JavaScript, and what is checked on each page.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import AxeBuilder from "@axe-core/playwright";
import { chromium } from "playwright-core";

const screenshots = process.env.CERTPORTER_SCREENSHOTS;
export const widths = { wide: { width: 1440, height: 900 }, narrow: { width: 390, height: 844 } };

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
  page.runsScripts = javaScript;
  page.on("console", (message) => {
    const expected = /status of (404|409|422|403|429)/.test(message.text());
    if (message.type() === "error" && !expected) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  return page;
}

// Nothing stands out of the page.
export async function fits(page, name) {
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  assert.ok(wider <= 0, `${name} is ${wider} px too wide at ${page.viewportSize().width} px`);
}

// As far as a program can tell, which needs JavaScript itself: a page without it is the same page.
export async function isAccessible(page, name) {
  if (!page.runsScripts) return;
  const found = await new AxeBuilder({ page }).analyze();
  const faults = found.violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((n) => n.target).join(", ")})`);
  assert.deepEqual(faults, [], `${name} at ${page.viewportSize().width} px is not accessible`);
}

// Pictures go to the target folder.
export async function picture(page, name, variant) {
  if (screenshots) await page.screenshot({ path: join(screenshots, `${name}-${variant}.png`), fullPage: true });
}

// The browser complains about nothing.
export async function heed(page, name) {
  assert.deepEqual(page.complaints, [], `${name}: the browser complains`);
}

// Looks at the page as it is: accessible, fitting at both widths, no complaint.
export async function look(page, name) {
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    await picture(page, name, width);
    await fits(page, name);
    await isAccessible(page, name);
  }
  await page.setViewportSize(widths.wide);
  await heed(page, name);
}
