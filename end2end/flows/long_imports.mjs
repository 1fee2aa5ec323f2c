// A long import: checked and carried out as work that goes on by itself, followed on its page.
import { look, open } from "../browser.mjs";

// More than are imported while somebody waits.
const people = 600;

export const tests = {
  "long import: a file of many people is checked and imported by itself": async ({ browser, portal, state }) => {
    const lines = Array.from({ length: people }, (_, n) => `long.${n},Long Person ${n},long.${n}@example.org`);
    const page = await open(browser, { state });
    await page.goto(`${portal.address}/imports/new`);
    await page.getByRole("textbox", { name: /paste/i }).fill(["user_name,display_name,email", ...lines].join("\n"));
    await page.getByRole("button", { name: /check/i }).click();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await look(page, "long-import-checking");
    // The page says by itself that it has ended.
    const came = page.getByRole("link", { name: "Show what came of it" });
    await came.click({ timeout: 60_000 });
    const carryOut = page.getByRole("button", { name: `Import ${people} users` });
    await carryOut.waitFor({ timeout: 60_000 });
    await look(page, "long-import-checked");
    await carryOut.click();
    await look(page, "long-import-under-way");
    const whole = page.getByText("Imported as a whole");
    await whole.or(came).first().waitFor({ timeout: 60_000 });
    if (await came.isVisible()) await came.click();
    await whole.waitFor();
    await look(page, "long-import-done");
    await page.goto(`${portal.address}/users?q=long.${people - 1}`);
    await page.getByRole("link", { name: `Long Person ${people - 1}` }).waitFor();
    await page.context().close();
  },
};
