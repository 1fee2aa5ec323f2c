// The portal compared with its CAs and devices; how long blocks may last.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

export const tests = {
  "a comparison is started and tells that both sides agree": async ({ browser, portal, state, rest }) => {
    for (const javaScript of [false, true]) {
      const page = await open(browser, { state, javaScript });
      await page.goto(`${portal.address}/authorities`);
      await page.getByRole("link", { name: "Reconciliation" }).click();
      await page.getByRole("button", { name: "Compare now" }).click();
      for (let left = 75; !(await rest("GET", "/reconciliations"))[0]?.finished_at; left -= 1) {
        assert.ok(left > 0, "the comparison does not end");
        await page.waitForTimeout(200);
      }
      // With scripts the page moves by itself.
      if (!javaScript) await page.reload();
      // What other tests have left behind is listed, and nothing else.
      const listed = (await rest("GET", "/discrepancies?resolved=false&limit=50")).data;
      if (listed.length === 0) await page.getByText("The portal, its CAs and its devices agree").waitFor();
      else {
        await page.goto(`${portal.address}/authorities/reconciliation`);
        assert.equal(await page.locator("main table.list tbody tr").count(), listed.length, JSON.stringify(listed));
      }
      await look(page, `reconciliation-${javaScript}`);
      await page.getByLabel("State").selectOption("resolved");
      await page.getByRole("button", { name: "Show" }).click();
      await page.getByRole("link", { name: "Show all that are open" }).click();
      await page.context().close();
    }
  },
  "how long a block may last is set, and a wrong number stays as it was typed": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/portal`);
    await page.getByLabel("Longest hold, in days").fill("4000");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("a hold lasts 1 to 3650 days").waitFor();
    assert.equal(await page.getByLabel("Longest hold, in days").inputValue(), "4000");
    await look(page, "holds-wrong");
    await page.getByLabel("Longest hold, in days").fill("14");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Saved.").waitFor();
    assert.equal(await page.getByLabel("Longest hold, in days").inputValue(), "14");
    await page.context().close();
  },
};
