// Settings, search, audit, CAs and connectors: what an administrator does beside certificates.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const colleague = "Åsa <b>Öberg</b>";
const password = "some other words that are good";

async function leave(page) {
  await page.context().close();
}

export const tests = {
  "the key / goes to the search box, and an exact hit straight to its page": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.goto(`${portal.address}/settings`);
    await look(page, "settings");
    await page.keyboard.press("/");
    await page.keyboard.type("no such thing");
    await page.keyboard.press("Enter");
    await page.getByText("Nothing found").waitFor();
    assert.equal(new URL(page.url()).searchParams.get("q"), "no such thing");
    await look(page, "search-nothing");
    await leave(page);
  },

  "somebody is invited by a one-time link": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/accounts/new`);
    await page.getByLabel("Name", { exact: true }).fill(colleague);
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.getByText("Choose at least one role").waitFor();
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), colleague);
    await look(page, "account-new-wrong");
    await page.getByLabel("Auditor").check();
    await page.getByRole("button", { name: "Make the account" }).click();
    const link = await page.locator("code.secret").innerText();
    await look(page, "invitation");
    const theirs = await open(browser, { javaScript: false });
    await theirs.goto(link);
    await theirs.getByLabel("Password", { exact: true }).fill(password);
    await theirs.getByLabel("Password again").fill("another one");
    await theirs.getByRole("button", { name: "Choose this password" }).click();
    await theirs.getByText("The two passwords differ").waitFor();
    await look(theirs, "invitation-wrong");
    await theirs.getByLabel("Password", { exact: true }).fill(password);
    await theirs.getByLabel("Password again").fill(password);
    await theirs.getByRole("button", { name: "Choose this password" }).click();
    await theirs.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    assert.equal((await theirs.goto(link)).status(), 404, "the link works once");
    assert.equal((await theirs.goto(`${portal.address}/settings/accounts`)).status(), 403);
    await leave(theirs);
    await page.goto(`${portal.address}/settings/accounts`);
    await look(page, "accounts");
    await page.getByRole("link", { name: colleague }).click();
    await look(page, "account");
    await page.getByRole("button", { name: "End all of them" }).click();
    await page.getByText("Nowhere.").waitFor();
    await leave(page);
  },

  "two who change an account at once see each other": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/accounts`);
    await page.getByRole("link", { name: colleague }).click();
    const other = await page.context().newPage();
    await other.goto(page.url());
    await other.getByLabel("Called").fill("Theirs");
    await other.getByRole("button", { name: "Save" }).click();
    await other.getByText("Saved.").waitFor();
    await page.getByLabel("Called").fill("Mine");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Somebody else has changed this account").waitFor();
    await page.getByText("Called: Theirs").waitFor();
    assert.equal(await page.getByLabel("Called").inputValue(), "Mine");
    await leave(page);
  },

  "the last administrator stays": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/accounts`);
    await page.getByRole("link", { name: "Zoë" }).click();
    await page.getByLabel("Disabled").check();
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("This is the last administrator").waitFor();
    await leave(page);
  },

  "a token is shown once and ended": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/tokens`);
    await page.getByLabel("Name", { exact: true }).fill("Inventory");
    await page.getByLabel("Auditor").check();
    await page.getByRole("button", { name: "Create the token" }).click();
    const token = await page.locator("code.secret").innerText();
    const ask = () => fetch(`${portal.address}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await ask()).status, 200);
    await page.goto(`${portal.address}/settings/tokens`);
    assert.equal(await page.locator("code.secret").count(), 0);
    await look(page, "tokens");
    await page.getByRole("link", { name: "End the token Inventory" }).click();
    await look(page, "token-end");
    await page.getByRole("button", { name: "End this token" }).click();
    await page.getByText("The token has ended").waitFor();
    assert.equal((await ask()).status, 401);
    await leave(page);
  },

  "one's own account: time zone, password, sessions": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/own`);
    await page.getByLabel("Exact times are shown in").selectOption("Asia/Tokyo");
    await page.getByRole("button", { name: "Save the time zone" }).click();
    await page.getByText("Your time zone was saved").waitFor();
    assert.match(await page.locator("time").first().getAttribute("title"), / JST$/);
    await page.getByLabel("Present password").fill("not this one");
    await page.getByLabel("New password", { exact: true }).fill(password);
    await page.getByLabel("New password again").fill(password);
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByText("This is not your present password").waitFor();
    await look(page, "own-account");
    await leave(page);
  },

  "a preflight goes all the way, and says where it fails": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.goto(`${portal.address}/authorities`);
    await look(page, "authorities");
    await page.getByRole("link", { name: "Run a preflight" }).click();
    await look(page, "preflight-new");
    await page.getByRole("button", { name: /test certificate/ }).click();
    await page.getByText("Every step works").waitFor();
    await page.getByText(/CRL number/).waitFor();
    await look(page, "preflight");
    await page.goto(`${portal.address}/authorities`);
    await page.getByRole("button", { name: "Publish the CRLs now" }).click();
    await page.getByText("The CRLs are being made").waitFor();
    await leave(page);
  },

  "the audit trail is filtered and taken away": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/audit?action=tokens.create`);
    await page.getByRole("link", { name: "tokens.create" }).click();
    await page.getByText("As it was written").waitFor();
    await look(page, "audit-event");
    await page.goto(`${portal.address}/audit?who=Nobody`);
    await page.getByText("There is no account of this name").waitFor();
    await page.goto(`${portal.address}/audit`);
    await look(page, "audit");
    const csv = await page.context().request.get(`${portal.address}/audit/export.csv?action=tokens.create`);
    const lines = (await csv.text()).trim().split("\r\n");
    assert.equal(lines[0].split(",")[0], "at");
    assert.ok(lines.slice(1).every((line) => line.includes("tokens.create")));
    await leave(page);
  },

  "the overview in the dark": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, colours: "dark" });
    await page.goto(portal.address);
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await look(page, "overview-dark");
    await page.goto(`${portal.address}/settings/portal`);
    await look(page, "settings-portal-dark");
    await page.goto(`${portal.address}/settings/roles`);
    await look(page, "roles-dark");
    await leave(page);
  },
};
