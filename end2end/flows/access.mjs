// Who may do what: invited with a role and its limits, a password made anew, and what the audit trail says of it.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const name = "Håkon";
const first = "five words make a better one";
const second = "and six of them the best one";

async function signIn(page, portal, password) {
  await page.goto(`${portal.address}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

async function choose(page, link, password) {
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(password);
  await page.getByRole("button", { name: "Choose this password" }).click();
  await page.getByRole("heading", { level: 1, name: "Helpdesk" }).waitFor();
}

// The lines of a CSV file (RFC 4180) by the names of their columns.
function read(csv) {
  const rows = [[""]];
  let quoted = false;
  for (let at = 0; at < csv.length; at += 1) {
    const row = rows.at(-1);
    if (quoted && csv[at] === '"' && csv[at + 1] === '"') row[row.length - 1] += csv[(at += 1)];
    else if (csv[at] === '"') quoted = !quoted;
    else if (!quoted && csv[at] === ",") row.push("");
    else if (!quoted && csv.startsWith("\r\n", at)) rows.push([""]), (at += 1);
    else row[row.length - 1] += csv[at];
  }
  const [names, ...lines] = rows.filter((row) => row.length > 1);
  return lines.map((line) => Object.fromEntries(names.map((column, place) => [column, line[place]])));
}

export const tests = {
  "access: somebody of the helpdesk, invited for one group, sees that group and does no more": async (world) => {
    const { browser, portal, state } = world;
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/accounts/new`);
    await page.getByLabel("Name", { exact: true }).fill(name);
    await page.getByLabel("Helpdesk").first().check();
    await page.getByLabel("Helpdesk only for these groups").fill("No such group");
    await page.getByRole("button", { name: "Make the account" }).click();
    await page.locator("#groups-wrong .wrong").waitFor();
    await page.getByLabel("Helpdesk only for these groups").fill("Staff");
    await page.getByRole("button", { name: "Make the account" }).click();
    const link = await page.locator("code.secret").innerText();
    const theirs = await open(browser, { javaScript: false });
    await choose(theirs, link, first);
    await theirs.context().close();

    const helpdesk = await open(browser);
    await signIn(helpdesk, portal, first);
    await helpdesk.getByRole("heading", { level: 1, name: "Helpdesk" }).waitFor();
    const tasks = helpdesk.locator(".sidebar").getByRole("link");
    const names = (await tasks.allInnerTexts()).map((text) => text.trim());
    assert.ok(names.includes("Devices") && names.includes("Users"), names.join());
    assert.ok(!names.includes("Audit") && !names.includes("CAs and connectors"), names.join());
    await helpdesk.goto(`${portal.address}/devices`);
    await helpdesk.getByRole("link", { name: "anna-laptop" }).waitFor();
    assert.equal(await helpdesk.getByText("reception").count(), 0, "a device of nobody in the group is seen");
    await look(helpdesk, "devices-helpdesk");
    await helpdesk.getByRole("link", { name: "anna-laptop" }).click();
    await look(helpdesk, "device-helpdesk");
    for (const path of ["/audit", "/settings/accounts", "/settings/accounts/new", "/authorities", "/profiles/new"]) {
      assert.equal((await helpdesk.goto(portal.address + path)).status(), 403, path);
    }
    const others = await world.rest("GET", "/devices?q=reception");
    const hidden = await helpdesk.goto(`${portal.address}/devices/${others.data[0].id}`);
    assert.equal(hidden.status(), 404, "another's device is not even known to be there");
    world.helpdesk = await helpdesk.context().storageState();
    await helpdesk.context().close();
    await page.context().close();
  },

  "access: a password made anew ends the old one, and the sessions with it": async (world) => {
    const { browser, portal, state } = world;
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/settings/accounts`);
    await page.getByRole("link", { name }).click();
    await page.getByRole("button", { name: "New password by one-time link" }).click();
    const link = await page.locator("code.secret").innerText();
    const theirs = await open(browser, { javaScript: false });
    await choose(theirs, link, second);
    const before = await open(browser, { state: world.helpdesk, javaScript: false });
    await before.goto(`${portal.address}/devices`);
    assert.equal(new URL(before.url()).pathname, "/sign-in", "the session of the old password goes on");
    await signIn(before, portal, first);
    await before.getByText("The name or the password is wrong").waitFor();
    await signIn(before, portal, second);
    await before.getByRole("heading", { level: 1, name: "Helpdesk" }).waitFor();
    for (const it of [before, theirs, page]) await it.context().close();
  },

  "access: the audit trail is exported by each of its filters": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    const lines = async (query) => {
      const answer = await page.context().request.get(`${portal.address}/audit/export.csv?${query}`);
      assert.equal(answer.status(), 200, query);
      return read(await answer.text());
    };
    const all = await lines("");
    const one = all.find((line) => line.action === "accounts.create");
    assert.ok(one, "an account was created");
    const today = new Date().toISOString().slice(0, 10);
    const day = (days) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
    const filters = [
      [`who=${one.actor_id}`, (line) => line.actor_id === one.actor_id],
      [`action=${one.action}`, (line) => line.action === one.action],
      [`target_kind=account`, (line) => line.target_kind === "account"],
      [`target_kind=account&target_id=${one.target_id}`, (line) => line.target_id === one.target_id],
      [`address=${one.address}`, (line) => line.address === one.address],
      [`action=${one.action}&address=${one.address}`, (l) => l.action === one.action && l.address === one.address],
    ];
    for (const [query, fits] of filters) {
      const found = await lines(query);
      const expected = all.filter(fits).map((line) => line.event_id);
      assert.ok(expected.length > 0 && expected.length < all.length, `${query} tells nothing apart`);
      // More may have happened meanwhile, nothing may be missing.
      const ids = new Set(found.map((line) => line.event_id));
      assert.deepEqual(expected.filter((id) => !ids.has(id)), [], query);
      assert.ok(found.every(fits), `${query} brings others`);
    }
    assert.ok((await lines(`from=${day(-1)}&until=${today}`)).length >= all.length);
    assert.equal((await lines(`from=${day(2)}`)).length, 0);
    assert.equal((await lines(`until=${day(-2)}`)).length, 0);
    await page.goto(`${portal.address}/audit?who=${one.actor_id}`);
    await page.getByRole("table", { name: "Audit trail" }).waitFor();
    await page.context().close();
  },
};
