// Every page that can be reached by links, on a portal that nothing has happened on. It has a portal of its own.
import { open } from "../browser.mjs";
import { startPortal } from "../portal.mjs";
import { walk } from "./every_page.mjs";

export const tests = {
  "every page of an empty portal is well made": async ({ browser }) => {
    const portal = await startPortal();
    try {
      const page = await open(browser);
      await page.goto(portal.setUp);
      await page.getByLabel("Name").fill("first");
      await page.getByLabel("Password", { exact: true }).fill("four words make a good one");
      await page.getByLabel("Password again").fill("four words make a good one");
      await page.getByRole("button", { name: "Create the account" }).click();
      await page.waitForURL((address) => address.pathname === "/" || address.pathname === "/devices");
      const state = await page.context().storageState();
      await page.context().close();
      await walk({ browser, state, portal, label: "empty" });
    } finally {
      await portal.stop();
    }
  },
};
