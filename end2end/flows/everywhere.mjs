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

  "overview: its numbers lead to the certificates that they count": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    const listed = () => page.locator("td.serial").count();
    const counted = async (link) => Number(await link.innerText());
    await page.goto(portal.address);
    for (const name of ["Valid", "Revoked"]) {
      await page.goto(portal.address);
      const tile = page.locator("a.tile").filter({ hasText: name });
      const number = await counted(tile.locator("strong"));
      await tile.click();
      await page.getByText("expired ones included").waitFor();
      assert.equal(await listed(), Math.min(number, 50), name);
    }
    await page.goto(portal.address);
    await page.getByText("As a table").click();
    const day = page.locator('td[data-label="Issued"] a').first();
    const issued = await counted(day);
    await day.click();
    await page.waitForURL(/issued=/);
    assert.equal(await listed(), Math.min(issued, 50));
    await page.goto(portal.address);
    const month = page.getByRole("link", { name: / issued$/ });
    const all = parseInt(await month.innerText(), 10);
    await month.click();
    assert.equal(await listed(), Math.min(all, 50));
    // What is chosen of such a list is of such a list.
    await page.getByLabel("All of them").check();
    await page.getByRole("button", { name: "Reissue\u2026" }).click();
    const heading = page.getByRole("heading", { level: 1, name: /^Reissue \d+ certificates?/ });
    await heading.waitFor();
    // Those of them that are still good.
    const chosen = Number(/\d+/.exec(await heading.innerText())[0]);
    assert.ok(chosen > 0 && chosen <= all, `${chosen} of ${all}`);
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
