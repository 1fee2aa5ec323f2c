// The portal compared with its CAs and devices; how long blocks may last.
// The portal compared with its CAs and devices; how long blocks may last.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { look, open } from "../browser.mjs";

const run = promisify(execFile);
const list = "/authorities/reconciliation";

// A page of the list that moves by itself.
async function watch({ browser, portal, state }) {
  const page = await open(browser, { state });
  await page.goto(portal.address + list);
  await page.getByText("Live", { exact: true }).waitFor();
  return page;
}

// When the comparison began that the page shows, once it has ended; nothing while it goes on.
const ended = (page, before) =>
  page.waitForFunction((before) => {
    const facts = [...document.querySelectorAll("main dl.facts > div")];
    const time = (name) => facts.find((it) => it.querySelector("dt").textContent === name)?.querySelector("time");
    return time("Begun")?.dateTime !== before && time("Ended") && time("Begun").dateTime;
  }, before);

// Has everything compared from a page; returns when a page that was open all the time shows that it has ended.
async function compare(watching, page) {
  const begun = watching.locator("main dl.facts > div", { hasText: "Begun" }).locator("time");
  const before = (await begun.count()) ? await begun.getAttribute("datetime") : undefined;
  await page.getByRole("button", { name: "Compare now" }).click();
  await ended(watching, before);
}

// A laptop whose certificate the CA's ledger has lost, as when it is restored from an old backup.
async function forgotten({ portal, rest }) {
  const made = await rest("POST", "/profiles", {
    name: "Warehouse Wi-Fi",
    platforms: ["linux"],
    subject_type: "user",
    key_scope: "device",
    subject: "CN={{UserName}}",
    key_algorithm: "ec-p256",
    key_usage: { digital_signature: true },
    extended_key_usages: ["1.3.6.1.5.5.7.3.2"],
    validity_days: 365,
    renewal_threshold_percent: 20,
    features: ["wifi"],
    escrow: "none",
  });
  const group = await rest("POST", "/groups", { name: "Warehouse" });
  await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
  const user = await rest("POST", "/users", { user_name: "solveig", display_name: "Solveig Lund" });
  await rest("POST", `/groups/${group.id}/members`, { kind: "user", id: user.id });
  const device = await rest("POST", "/devices", { name: "solveig-scanner", platform: "linux", owner: user.id });
  const { code } = await rest("POST", `/devices/${device.id}/enrolment-codes`, {});
  const folder = join(portal.folder, "agent-scanner");
  await portal.command("agent", "enrol", "--server", portal.devices, "--code", code, "--dir", folder);
  await portal.command("agent", "sync", "--once", "--dir", folder);
  const [certificate] = (await rest("GET", `/certificates?device=${device.id}`)).data;
  const forget = `DELETE FROM issued_certificates WHERE serial = X'${certificate.serial}'`;
  const database = join(portal.folder, "data", "certporter.sqlite");
  await run("sqlite3", [database, "PRAGMA busy_timeout = 10000", forget]);
}

export const tests = {
  "a comparison is started and tells that both sides agree": async (world) => {
    const { browser, portal, state, rest } = world;
    for (const javaScript of [false, true]) {
      const page = javaScript ? await watch(world) : await open(browser, { state, javaScript });
      const watching = javaScript ? page : await watch(world);
      if (!javaScript) {
        await page.goto(`${portal.address}/authorities`);
        await page.getByRole("link", { name: "Reconciliation" }).click();
      }
      await compare(watching, page);
      // With scripts the page moves by itself.
      if (!javaScript) await page.reload();
      // What other tests have left behind is listed, and nothing else.
      const listed = (await rest("GET", "/discrepancies?resolved=false&dismissed=false&limit=50")).data;
      if (listed.length === 0) await page.getByText("The portal, its CAs and its devices agree").waitFor();
      else {
        await page.goto(portal.address + list);
        assert.equal(await page.locator("main table.list tbody tr").count(), listed.length, JSON.stringify(listed));
      }
      await look(page, `reconciliation-${javaScript}`);
      await page.getByLabel("State").selectOption("resolved");
      await page.getByRole("button", { name: "Show" }).click();
      await page.getByRole("link", { name: "Show all that are open" }).click();
      await page.context().close();
      if (!javaScript) await watching.context().close();
    }
  },
  "a disagreement that stays is dismissed, found again and listed again": async (world) => {
    const { browser, portal, state } = world;
    await forgotten(world);
    const page = await open(browser, { state, javaScript: false });
    const watching = await watch(world);
    await page.goto(portal.address + list);
    await compare(watching, page);
    const title = "On record here, unknown to the CA";
    await watching.getByRole("link", { name: title }).waitFor();
    await page.goto(portal.address + list);
    await page.getByRole("link", { name: title }).click();
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await look(page, "discrepancy");
    // Not without a reason.
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.getByText("has 1 to 500 characters").waitFor();
    await look(page, "discrepancy-without-reason");
    await page.getByLabel("Why").fill("The scanner is <replaced> next week");
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.getByText("The scanner is <replaced> next week").waitFor();
    await look(page, "discrepancy-dismissed");
    // Whoever has the list open sees it go.
    await watching.getByRole("link", { name: title }).waitFor({ state: "detached" });
    await watching.context().close();
    await page.getByRole("link", { name: "Reconciliation", exact: true }).click();
    assert.equal(await page.getByRole("link", { name: title }).count(), 0);
    await page.getByLabel("State").selectOption("dismissed");
    await page.getByRole("button", { name: "Show" }).click();
    await look(page, "discrepancies-dismissed");
    await page.getByRole("link", { name: title }).click();
    await page.getByRole("button", { name: "List it again" }).click();
    await page.getByRole("link", { name: "Reconciliation", exact: true }).click();
    await page.getByRole("link", { name: title }).click();
    await page.getByLabel("Why").fill("It is replaced next week");
    await page.getByRole("button", { name: "Dismiss" }).click();
    await page.getByText("It is replaced next week").waitFor();
    await page.context().close();
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
