// From the one-time link to an account; signing in and out; colours.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const name = "Zoë";
const password = "four words make a good one";

export async function signIn(page, portal) {
  await page.goto(`${portal.address}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function leave(page) {
  await page.context().close();
}

export const needed = ["the set-up link makes the first administrator", "signing in leads to the devices"];

export const tests = {
  "nobody who is not signed in sees a page": async ({ browser, portal }) => {
    const page = await open(browser);
    await page.goto(`${portal.address}/devices?q=a`);
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await look(page, "sign-in");
    await leave(page);
  },

  "a wrong set-up link says so": async ({ browser, portal }) => {
    const page = await open(browser, { javaScript: false });
    const answer = await page.goto(`${portal.address}/setup?code=wrong`);
    assert.equal(answer.status(), 404);
    await leave(page);
  },

  "two passwords that differ lose nothing else": async ({ browser, portal }) => {
    const page = await open(browser, { javaScript: false });
    await page.goto(portal.setUp);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Password again").fill(`${password}!`);
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByText("The two passwords differ").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), name);
    await leave(page);
  },

  "the set-up link makes the first administrator": async ({ browser, portal }) => {
    const page = await open(browser, { javaScript: false });
    await page.goto(portal.setUp);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password", { exact: true }).fill(password);
    await page.getByLabel("Password again").fill(password);
    await page.getByRole("button", { name: "Create the account" }).click();
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    const again = await page.goto(portal.setUp);
    assert.equal(again.status(), 404, "the link works once");
    await leave(page);
  },

  "a wrong password says so and keeps the name": async ({ browser, portal }) => {
    const page = await open(browser, { javaScript: false });
    await page.goto(`${portal.address}/sign-in`);
    await page.getByLabel("Name").fill(name);
    await page.getByLabel("Password").fill("not that one");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("The name or the password is wrong").waitFor();
    assert.equal(await page.getByLabel("Name").inputValue(), name);
    assert.equal(await page.getByLabel("Password").inputValue(), "");
    await leave(page);
  },

  "signing in leads to the devices": async (world) => {
    const page = await open(world.browser);
    await signIn(page, world.portal);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Author a profile" }).waitFor();
    await look(page, "overview-empty");
    await page.getByRole("link", { name: "Devices", exact: true }).click();
    await page.getByText("No device yet").waitFor();
    await look(page, "devices-empty");
    world.state = await page.context().storageState();
    await leave(page);
  },

  "another site can't use the session": async ({ portal, state }) => {
    const cookie = state.cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
    const answer = await fetch(`${portal.address}/sign-out`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie, origin: "https://elsewhere.example", "sec-fetch-site": "cross-site" },
    });
    assert.equal(answer.status, 403);
  },

  "colours are chosen and kept": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/devices`);
    await page.getByText(name, { exact: true }).click();
    await page.getByRole("button", { name: "Dark" }).click();
    await page.waitForURL(/\/devices$/);
    assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
    await leave(page);
  },

  "signing out ends the session": async ({ browser, portal }) => {
    const page = await open(browser, { javaScript: false });
    await signIn(page, portal);
    await page.getByText(name, { exact: true }).click();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.waitForURL(/\/sign-in/);
    await page.goto(`${portal.address}/devices`);
    assert.equal(new URL(page.url()).pathname, "/sign-in");
    await leave(page);
  },
};
