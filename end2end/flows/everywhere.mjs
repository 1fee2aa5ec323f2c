// What is the same on every page: the search box, numbers that are copied by a click.
import assert from "node:assert/strict";
import { isAccessible, open, picture, widths } from "../browser.mjs";

export const tests = {
  "search: results come as one types, and the keyboard reaches them": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.goto(`${portal.address}/audit`);
    await page.keyboard.press("/");
    await page.keyboard.type("åström");
    const found = page.getByRole("region", { name: "Found" });
    await found.getByRole("link", { name: /Anna Åström/ }).first().waitFor();
    await isAccessible(page, "results as one types");
    await picture(page, "search-typing", "wide");
    await page.keyboard.press("Escape");
    await found.waitFor({ state: "hidden" });
    await page.keyboard.type(" ");
    await page.keyboard.press("Backspace");
    await found.waitFor();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.evaluate(() => document.activeElement.id), "search-box");
    await page.keyboard.press("ArrowDown");
    const to = await page.evaluate(() => document.activeElement.getAttribute("href"));
    assert.match(to, /^\/(users|devices)\//);
    await page.keyboard.press("Enter");
    await page.waitForURL((address) => address.pathname === to);
    await page.context().close();
  },

  "search: the page's own results follow too, and the address holds them": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.setViewportSize(widths.narrow);
    await page.goto(`${portal.address}/search`);
    await page.getByLabel("Search for").fill("anna-lap");
    const hit = page.locator("#results").getByRole("link", { name: /anna-laptop/ });
    await hit.waitFor();
    await page.waitForURL((address) => address.searchParams.get("q") === "anna-lap");
    await picture(page, "search-page", "narrow");
    await hit.click();
    await page.getByRole("heading", { level: 1, name: "anna-laptop" }).waitFor();
    await page.context().close();
  },

  "a serial number is copied by a click, or from the keyboard": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.goto(`${portal.address}/certificates`);
    const serial = page.locator(".serial .copied").first();
    const number = (await serial.textContent()).trim();
    const clipboard = () => page.evaluate(() => navigator.clipboard.readText());
    await serial.click();
    await page.locator('.copied[data-said="Copied"]').waitFor();
    assert.equal(await clipboard(), number);
    await page.locator("td.name a").first().click();
    const thumbprint = page.getByRole("button", { name: /^[0-9a-f:]{40,}/i }).first();
    await thumbprint.focus();
    await page.keyboard.press("Enter");
    await page.locator('.copied[data-said="Copied"]').waitFor();
    assert.equal(await clipboard(), (await thumbprint.textContent()).trim());
    await page.context().close();
  },
};
