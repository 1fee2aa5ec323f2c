// A new issuing key: what it means is shown first, and the generation before stays beside the new one.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

export const tests = {
  "a new issuing key is made after it was shown what that means": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/authorities`);
    await page.getByRole("link", { name: "New issuing key" }).click();
    await page.getByText("no certificate is revoked or reissued").waitFor();
    await look(page, "issuing-key");
    const again = await open(browser, { state, javaScript: false });
    await again.goto(page.url());
    // Whoever has the CAs' page open sees it come.
    const watching = await open(browser, { state });
    await watching.goto(`${portal.address}/authorities`);
    await watching.getByText("Live", { exact: true }).waitFor();
    await watching.evaluate(() => {
      window.sameDocument = true;
    });
    await page.getByRole("button", { name: "Make generation 2" }).click();
    await page.getByText("The new issuing key is being made").waitFor();
    await watching.getByRole("heading", { name: "issuing 2" }).waitFor();
    await watching.getByRole("heading", { name: "issuing 1 (retired)" }).waitFor();
    assert.ok(await watching.evaluate(() => window.sameDocument), "the page was loaded again");
    await look(watching, "authorities-live");
    await watching.context().close();
    await page.reload();
    await page.getByRole("heading", { name: "issuing 1 (retired)" }).waitFor();
    await look(page, "authorities-rotated");
    // Somebody else who had the page open does not make a third one.
    await again.getByRole("button", { name: "Make generation 2" }).click();
    await again.getByText("since you opened this page").waitFor();
    await again.getByRole("button", { name: "Make generation 3" }).waitFor();
    await look(again, "issuing-key-outdated");
    await again.context().close();
    await page.context().close();
  },
};
