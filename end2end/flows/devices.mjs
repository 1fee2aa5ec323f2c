// Everything that is done with a device in the portal, without JavaScript wherever a form is concerned; and a request
// that waits for a value until somebody fills it in.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fits, look, open, picture, widths } from "../browser.mjs";

const without = { javaScript: false };

async function at(world, path, options = {}) {
  const page = await open(world.browser, { state: world.state, ...options });
  await page.goto(`${world.portal.address}${path}`);
  return page;
}

// Axe needs JavaScript: what a form answers without it is only looked at.
async function glance(page, name) {
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    await picture(page, name, width);
    await fits(page, name);
  }
  await page.setViewportSize(widths.wide);
}

async function sync(world) {
  await world.portal.command("agent", "sync", "--once", "--dir", join(world.portal.folder, "agent-devices"));
}

// The device's address, and what the page says of its state once that is `word`.
async function isIn(page, word) {
  await page.locator(".facts").getByText(word, { exact: true }).first().waitFor();
}

// Opens one of the pages behind the button "More".
async function choose(page, words) {
  await page.getByText("More", { exact: true }).click();
  await page.getByRole("link", { name: words }).click();
}

export const tests = {
  "devices: one is registered without JavaScript, and a wrong number loses nothing": async (world) => {
    const page = await at(world, "/devices", without);
    await page.getByRole("link", { name: "Register a device" }).first().click();
    await page.getByLabel("Name", { exact: true }).fill("bert-laptop");
    await page.getByLabel("Platform").selectOption({ label: "Linux" });
    await page.getByLabel("Owner").fill("nobody-like-this");
    await page.getByLabel("IMEI").fill("123");
    await page.getByRole("button", { name: "Register this device" }).click();
    await page.getByText("Nobody is called that").waitFor();
    await glance(page, "device-register-wrong");
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "bert-laptop");
    await page.getByLabel("Owner").fill("ANNA@example.org");
    await page.getByLabel("IMEI").fill("");
    await page.getByLabel("Further values").fill("CostCentre = 4711");
    await page.getByRole("button", { name: "Register this device" }).click();
    await page.getByText("The device is registered.").waitFor();
    world.second = new URL(page.url()).pathname;
    await page.getByText("4711").waitFor();
    await page.getByRole("link", { name: "Anna Åström" }).first().waitFor();
    await page.context().close();
  },

  "devices: its code is shown once, as text, picture and command, and the real agent enrols with it": async (world) => {
    const page = await at(world, world.second, without);
    await page.getByRole("link", { name: "Enrol this device" }).click();
    await glance(page, "device-code-offer");
    await page.getByRole("button", { name: "Make an enrolment code" }).click();
    await page.getByText("can’t be shown again").waitFor();
    assert.equal(await page.locator("svg.qr path.dark").count(), 1);
    await glance(page, "device-code");
    const command = await page.locator("pre.command").innerText();
    const code = command.match(/CERTPORTER_ENROLMENT_CODE=(\S+)/)[1];
    const server = command.match(/--server (\S+)/)[1];
    const folder = join(world.portal.folder, "agent-devices");
    const live = await at(world, world.second);
    await live.getByText("Live", { exact: true }).waitFor();
    await world.portal.command("agent", "enrol", "--server", server, "--code", code, "--dir", folder);
    await sync(world);
    const rows = live.getByRole("table", { name: "Certificates on this device" }).getByRole("row");
    await rows.filter({ hasText: "Installed" }).nth(1).waitFor();
    await look(live, "device-page");
    await live.context().close();
    const dark = await at(world, world.second, { colours: "dark" });
    await look(dark, "device-page-dark");
    await dark.context().close();
    await page.context().close();
  },

  "devices: the list is filtered and sorted by its address": async (world) => {
    const page = await at(world, "/devices");
    await page.getByRole("link", { name: "Last contact" }).click();
    await page.waitForURL(/sort=-contact/);
    const names = () => page.getByRole("table", { name: "Devices" }).locator("td.name").allInnerTexts();
    assert.equal((await names())[0], "bert-laptop");
    await page.getByRole("link", { name: "Name", exact: true }).click();
    await page.waitForURL(/sort=name/);
    const sorted = await names();
    assert.ok(sorted.indexOf("anna-laptop") < sorted.indexOf("bert-laptop"), sorted.join());
    await page.getByLabel("Platform").selectOption({ label: "Linux" });
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/platform=linux/);
    assert.ok(page.url().includes("sort=name"), page.url());
    await look(page, "devices-filtered");
    await page.goto(`${world.portal.address}/devices?q=astrom`);
    assert.deepEqual((await names()).sort(), ["anna-laptop", "bert-laptop"], "an owner's devices are found");
    await page.context().close();
  },

  "devices: blocked and unblocked without JavaScript, after what follows was shown": async (world) => {
    const page = await at(world, world.second, without);
    await choose(page, "Block this device");
    await page.getByText(/2 copies will be removed/).waitFor();
    await glance(page, "device-block");
    await page.getByRole("button", { name: /Block this device/ }).click();
    await page.getByText("Say why").waitFor();
    await page.getByLabel("Why").fill("Left in a taxi.");
    await page.getByRole("button", { name: /Block this device/ }).click();
    await page.getByText("The device is blocked.").waitFor();
    await isIn(page, "Blocked");
    await sync(world);
    await page.reload();
    await page.getByText("2 that are gone").waitFor();
    await choose(page, "Lift the block");
    await glance(page, "device-unblock");
    await page.getByLabel("Why").fill("It was found.");
    await page.getByRole("button", { name: /Lift the block/ }).click();
    await isIn(page, "Enrolled");
    await sync(world);
    await page.reload();
    await page.getByText("Installed", { exact: true }).first().waitFor();
    await page.context().close();
  },

  "devices: two who edit at once both see what the other saved": async (world) => {
    const first = await at(world, `${world.second}/edit`, without);
    const second = await at(world, `${world.second}/edit`, without);
    await first.getByLabel("Name", { exact: true }).fill("bert-notebook");
    await first.getByRole("button", { name: "Save" }).click();
    await first.getByText("Saved.").waitFor();
    await second.getByLabel("Serial number").fill("SN-42");
    await second.getByRole("button", { name: "Save" }).click();
    await second.getByText(/was changed by .*Zoë.* since you opened it/).waitFor();
    await glance(second, "device-changed-meanwhile");
    assert.equal(await second.getByLabel("Serial number").inputValue(), "SN-42");
    await second.getByLabel("Name", { exact: true }).fill("bert-notebook");
    await second.getByRole("button", { name: "Save" }).click();
    await second.getByText("SN-42").waitFor();
    await first.context().close();
    await second.context().close();
  },

  "devices: handed over to somebody without an address, whose request waits and goes on when it is there": async (world) => {
    await world.rest("POST", "/users", { user_name: "emil", display_name: "Emil Ohnepost", upn: "emil@example.org" });
    const profile = await world.rest("POST", "/profiles", {
      name: "Signing mail",
      platforms: ["linux"],
      subject_type: "user",
      key_scope: "device",
      subject: "CN={{UserName}}",
      subject_alternative_names: [{ kind: "email", value: "{{EmailAddress}}" }],
      key_algorithm: "ec-p256",
      key_usage: { digital_signature: true },
      extended_key_usages: ["1.3.6.1.5.5.7.3.4"],
      validity_days: 365,
      renewal_threshold_percent: 20,
      features: ["email"],
      escrow: "until_delivered",
    });
    const group = await world.rest("POST", "/groups", { name: "Without an address" });
    const [emil] = (await world.rest("GET", "/users?q=emil")).data;
    await world.rest("POST", `/groups/${group.id}/members`, { kind: "user", id: emil.id });
    await world.rest("POST", `/profiles/${profile.id}/assignments`, { group_id: group.id, mode: "include" });
    const page = await at(world, world.second, without);
    await choose(page, "Hand over");
    await page.getByLabel(/Name, user name/).fill("emil");
    await page.getByRole("button", { name: "Search", exact: true }).last().click();
    await glance(page, "device-hand-over-search");
    await page.getByRole("link", { name: "Hand over to Emil Ohnepost" }).click();
    await page.getByText(/certificate will be revoked/).waitFor();
    await glance(page, "device-hand-over");
    await page.getByLabel("Why").fill("Emil takes Anna's place.");
    await page.getByRole("button", { name: /Hand over to Emil/ }).click();
    await page.getByText("The device is handed over.").waitFor();
    await page.getByRole("link", { name: "Signing mail" }).first().waitFor();
    await glance(page, "device-handed-over");
    const waiting = await at(world, "/requests?state=waiting");
    await waiting.getByRole("link", { name: "Signing mail" }).waitFor();
    await look(waiting, "requests-waiting");
    await waiting.context().close();
    await page.goto(`${world.portal.address}/requests?state=waiting`);
    await page.getByRole("link", { name: "Signing mail" }).click();
    await page.getByText("What to do:").first().waitFor();
    await glance(page, "request-waiting");
    const request = new URL(page.url()).pathname;
    await page.goto(`${world.portal.address}/requests/troubles`);
    await glance(page, "requests-troubles");
    // Nothing was mended: it stops again, and the page says so whenever it is opened.
    await page.getByRole("button", { name: "Try it again" }).click();
    await page.getByText("Tried again", { exact: true }).waitFor();
    const moves = await at(world, "/requests/troubles");
    await moves.getByText("1 stopped again").waitFor();
    await moves.context().close();
    await page.reload();
    await page.getByText("1 stopped again").waitFor();
    await page.getByText("0 still to come").waitFor();
    await glance(page, "requests-tried-again");
    const version = (await world.rest("GET", `/users/${emil.id}`)).version;
    await world.rest("PUT", `/users/${emil.id}`, {
      user_name: "emil",
      display_name: "Emil Ohnepost",
      upn: "emil@example.org",
      email: "emil@example.org",
    }, { "if-match": `"${version}"` });
    const live = await at(world, request);
    await live.locator(".facts").getByText("Completed", { exact: true }).waitFor();
    await look(live, "request-completed");
    await live.context().close();
    await page.context().close();
  },

  "devices' requests: the pipeline is a row of steps, each a filter": async (world) => {
    const page = await at(world, "/requests");
    await page.getByText("Live", { exact: true }).waitFor();
    await look(page, "requests");
    await page.getByRole("navigation", { name: "Steps of the pipeline" }).getByText("Completed").click();
    await page.waitForURL(/state=completed/);
    await page.getByRole("link", { name: "Wi-Fi & VPN" }).first().waitFor();
    await page.goto(`${world.portal.address}/requests?state=failed`);
    await page.getByText("Nothing failed").waitFor();
    await page.goto(`${world.portal.address}/requests/approvals`);
    await page.getByText("No plan waits").waitFor();
    await look(page, "approvals-empty");
    await page.context().close();
  },

  "devices: lost, erased from afar, then deleted, without JavaScript": async (world) => {
    const page = await at(world, world.second, without);
    await choose(page, "Declare it lost or stolen");
    await page.getByText(/the key or the device may be in other hands/).first().waitFor();
    await glance(page, "device-lost");
    await page.getByLabel("Why").fill("Stolen from the car.");
    await page.getByRole("button", { name: /Declare it lost or stolen and revoke/ }).click();
    await isIn(page, "Lost");
    await choose(page, "Note that it was wiped");
    await page.getByText("Nothing follows from this for any certificate.").waitFor();
    await page.getByRole("button", { name: "Note that it was wiped" }).click();
    await page.getByText("Say why").waitFor();
    await page.getByLabel("Why").fill("The management says that it has erased itself.");
    await glance(page, "device-wiped");
    await page.getByRole("button", { name: "Note that it was wiped" }).click();
    await page.getByText("The device counts as wiped.").waitFor();
    await isIn(page, "Wiped");
    await choose(page, "Delete this device");
    await glance(page, "device-delete");
    await page.getByLabel("Why").fill("It will not come back.");
    await page.getByRole("button", { name: /Delete this device/ }).click();
    await page.getByText("The device is deleted.").waitFor();
    const answer = await page.goto(`${world.portal.address}${world.second}`);
    assert.equal(answer.status(), 404);
    await page.context().close();
  },
};
