// Somebody calls the helpdesk: found, understood, mended, and seen to work, with few clicks; and without JavaScript too.
import assert from "node:assert/strict";
import { rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { look, open, picture, widths, fits } from "../browser.mjs";

const profile = {
  name: "Field Wi-Fi",
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
  escrow: "until_delivered",
};

// A laptop that can't write its certificates.
async function breakWifi(world, device) {
  const { portal, rest } = world;
  const code = await rest("POST", `/devices/${device}/enrolment-codes`, {});
  const folder = join(portal.folder, `agent-${device}`);
  await portal.command("agent", "enrol", "--server", portal.devices, "--code", code.code, "--dir", folder);
  await rm(join(folder, "certificates"), { recursive: true, force: true });
  // A place where nobody can make a folder, not even who may everything.
  await symlink("/proc/sys", join(folder, "certificates"));
  const sync = () => portal.command("agent", "sync", "--once", "--dir", folder);
  await assert.rejects(sync, /could not be installed/);
  return { sync, clear: () => rm(join(folder, "certificates")) };
}

async function scene(world) {
  const { rest } = world;
  const group = await rest("POST", "/groups", { name: "Field" });
  const made = await rest("POST", "/profiles", profile);
  await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
  const person = async (name, display, laptop) => {
    const user = await rest("POST", "/users", { user_name: name, display_name: display, email: `${name}@example.org` });
    await rest("POST", `/groups/${group.id}/members`, { kind: "user", id: user.id });
    const device = await rest("POST", "/devices", {
      name: laptop,
      platform: "linux",
      owner: user.id,
      serial_number: `SN-${name}`,
    });
    return { user: user.id, device: device.id };
  };
  world.idun = await person("idun", "Idun Österberg", "idun-laptop");
  world.otto = await person("otto", "Otto Brekke", "otto-laptop");
  await rest("POST", "/devices", { name: "idun-phone", platform: "ios", owner: world.idun.user });
}

// Somebody of the helpdesk for this group alone, signed in.
async function desk(world) {
  const { browser, portal, state } = world;
  const password = "seven words are more than enough";
  const maker = await open(browser, { state, javaScript: false });
  await maker.goto(`${portal.address}/settings/accounts/new`);
  await maker.getByLabel("Name", { exact: true }).fill("Dagny");
  await maker.getByLabel("Helpdesk").first().check();
  await maker.getByLabel("Helpdesk only for these groups").fill("Field");
  await maker.getByRole("button", { name: "Make the account" }).click();
  const link = await maker.locator("code.secret").innerText();
  await maker.context().close();
  const page = await open(browser, { javaScript: false });
  await page.goto(link);
  await page.getByLabel("Password", { exact: true }).fill(password);
  await page.getByLabel("Password again").fill(password);
  await page.getByRole("button", { name: "Choose this password" }).click();
  await page.getByRole("heading", { level: 1, name: "Helpdesk" }).waitFor();
  const signedIn = await page.context().storageState();
  await page.context().close();
  return signedIn;
}

export const needed = [
  "the list shows devices and can be searched by its address",
  "helpdesk: whoever is of the helpdesk alone begins with the one box",
];

export const tests = {
  "helpdesk: whoever is of the helpdesk alone begins with the one box": async (world) => {
    await scene(world);
    world.desk = await desk(world);
    const page = await open(world.browser, { state: world.desk });
    await page.goto(world.portal.address);
    await page.getByRole("heading", { level: 1, name: "Helpdesk" }).waitFor();
    assert.equal(await page.evaluate(() => document.activeElement.id), "people-box");
    const names = (await page.locator(".sidebar").getByRole("link").allInnerTexts()).map((text) => text.trim());
    assert.ok(names.includes("Helpdesk") && !names.includes("Overview") && !names.includes("Audit"), names.join());
    await look(page, "helpdesk-start");
    await page.getByRole("searchbox", { name: /Name, address, device/ }).fill("brekke");
    await page.locator("#people").getByRole("link", { name: /Otto Brekke/ }).waitFor();
    await look(page, "helpdesk-found");
    // Of another group there is nobody.
    await page.goto(`${world.portal.address}/helpdesk?q=${encodeURIComponent("Anna Åström")}`);
    await page.getByText("Nobody found").waitFor();
    const [anna] = (await world.rest("GET", "/users?q=anna")).data;
    for (const path of [`/helpdesk/people/${anna.id}`, `/helpdesk/people/${anna.id}/events`, `/users/${anna.id}`]) {
      assert.equal((await page.context().request.get(world.portal.address + path)).status(), 404, path);
    }
    await page.context().close();
  },

  "helpdesk: a broken Wi-Fi is found, mended and seen to work in a few clicks": async (world) => {
    const { sync, clear } = await breakWifi(world, world.idun.device);
    const page = await open(world.browser, { state: world.desk });
    await page.goto(`${world.portal.address}/helpdesk`);
    let clicks = 0;
    const click = async (what) => {
      clicks += 1;
      await what.click();
    };
    // The person reads the number from the bottom of the laptop.
    await page.getByRole("searchbox", { name: /Name, address, device/ }).fill("sn-idun");
    await click(page.getByRole("button", { name: "Find", exact: true }));
    await page.getByRole("heading", { level: 1, name: "Idun Österberg" }).waitFor();
    const finding = page.locator(".finding").filter({ hasText: "could not be installed" });
    await finding.getByText("Likely cause:").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await look(page, "helpdesk-person");
    const wide = page.getByRole("table", { name: "What is on which device" });
    await wide.getByText("Not installed").waitFor();
    await page.setViewportSize(widths.narrow);
    assert.equal(await wide.isVisible(), false, "a grid on a narrow screen");
    await page.locator(".grid-narrow").getByText("Not installed").waitFor();
    await page.setViewportSize(widths.wide);

    await clear();
    await click(finding.getByRole("link", { name: "Deliver again" }));
    await page.getByText(/1 copy will be delivered/).waitFor();
    await look(page, "helpdesk-deliver");
    await page.getByLabel("Why").fill("The Wi-Fi did not work; the disk could not be written.");
    await click(page.getByRole("button", { name: /Deliver again/ }));
    await page.getByText("It is being delivered again.").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    await sync();
    await wide.getByText("Installed", { exact: true }).waitFor();
    await page.locator(".finding").filter({ hasText: "could not be installed" }).waitFor({ state: "detached" });
    assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
    console.log(`        ${clicks} clicks from the box to "Installed"`);
    assert.ok(clicks <= 3, `${clicks} clicks`);
    const timeline = page.locator("#timeline");
    await timeline.getByText("Delivered again").first().waitFor();
    await look(page, "helpdesk-mended");
    // One device's timeline alone.
    await timeline.getByRole("link", { name: "idun-phone" }).click();
    await page.waitForURL(/device=/);
    assert.equal(await timeline.getByText("Delivered again").count(), 0);
    await timeline.getByText("Device registered").waitFor();
    await page.context().close();
  },

  "helpdesk: without JavaScript it is the same, and why is told": async (world) => {
    const { sync, clear } = await breakWifi(world, world.otto.device);
    const page = await open(world.browser, { state: world.desk, javaScript: false });
    const glance = async (name) => {
      for (const [width, size] of Object.entries(widths)) {
        await page.setViewportSize(size);
        await picture(page, name, width);
        await fits(page, name);
      }
      await page.setViewportSize(widths.wide);
    };
    await page.goto(`${world.portal.address}/helpdesk?q=otto`);
    await page.getByRole("heading", { level: 1, name: "Otto Brekke" }).waitFor();
    await clear();
    await page.getByRole("link", { name: "Deliver again" }).click();
    await page.getByRole("button", { name: /Deliver again/ }).click();
    await page.getByText("Say why").first().waitFor();
    await glance("helpdesk-why-missing");
    await page.getByLabel("Why").fill("The Wi-Fi did not work.");
    await page.getByRole("button", { name: /Deliver again/ }).click();
    await page.getByText("It is being delivered again.").waitFor();
    await sync();
    await page.reload();
    await page.getByText("The portal sees nothing wrong.").waitFor();
    await page.getByRole("table", { name: "What is on which device" }).getByRole("link", { name: "Installed" }).click();
    await page.getByRole("heading", { level: 1, name: "Field Wi-Fi on otto-laptop" }).waitFor();
    await page.getByText("Brought by the user's group").waitFor();
    await glance("helpdesk-why");
    // The key is gone once the device has confirmed: what can be done is a reissue, or a revocation with its reason.
    assert.equal(await page.getByRole("link", { name: /Deliver again/ }).count(), 0);
    await page.getByRole("link", { name: "Revoke: Wi-Fi" }).click();
    await page.getByLabel("Why").fill("To be sure.");
    await page.getByLabel("Reason").selectOption({ index: 1 });
    await page.getByRole("button", { name: "Show what will follow" }).click();
    await page.getByText(/will be revoked/).first().waitFor();
    await glance("helpdesk-revoke");
    await page.getByRole("link", { name: "Don’t do it" }).click();
    await page.getByRole("link", { name: "Block this device: otto-laptop" }).click();
    await page.getByLabel("Why").fill("Left in a taxi.");
    await page.getByRole("button", { name: /Block this device/ }).click();
    await page.getByText("The device is blocked.").waitFor();
    await page.getByText("otto-laptop has been blocked").waitFor();
    await page.getByRole("link", { name: "Lift the block" }).first().click();
    await page.getByLabel("Why").fill("It was found.");
    await page.getByRole("button", { name: /Lift the block/ }).click();
    await page.getByText("The block is lifted.").waitFor();
    await page.goto(`${world.portal.address}/helpdesk`);
    await page.getByText("Looked up last").waitFor();
    await page.locator("#people").getByRole("link", { name: /Otto Brekke/ }).waitFor();
    await page.context().close();
  },

  "helpdesk: a device that is nobody's has a page of its own, and is followed until it has enrolled": async (world) => {
    const { browser, portal, rest } = world;
    const group = (await rest("GET", "/groups?q=Field")).data.find(({ name }) => name === "Field");
    const made = await rest("POST", "/profiles", {
      ...profile,
      name: "Wi-Fi of screens",
      subject_type: "device",
      subject: "CN={{DeviceName}}",
    });
    await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
    const body = { name: "lobby-screen", platform: "linux", serial_number: "SN-LOBBY-7" };
    const screen = await rest("POST", "/devices", body);
    await rest("POST", `/groups/${group.id}/members`, { kind: "device", id: screen.id });
    const page = await open(browser, { state: world.desk });
    let clicks = 0;
    const click = async (what) => {
      clicks += 1;
      await what.click();
    };
    await page.goto(`${portal.address}/helpdesk`);
    await page.getByRole("searchbox", { name: /Name, address, device/ }).fill("sn-lobby-7");
    await click(page.getByRole("button", { name: "Find", exact: true }));
    await page.getByRole("heading", { level: 1, name: "lobby-screen" }).waitFor();
    await page.getByText("lobby-screen is registered, but has never enrolled.").waitFor();
    await look(page, "helpdesk-device");
    await click(page.locator(".finding").getByRole("link", { name: "New enrolment code" }));
    await page.getByRole("button", { name: "Make an enrolment code" }).click();
    await page.getByText("Say why").first().waitFor();
    await page.getByLabel("Why").fill("A new screen in the lobby.");
    await look(page, "helpdesk-code-offer");
    await click(page.getByRole("button", { name: "Make an enrolment code" }));
    await page.getByText("The code has not been used yet.").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await look(page, "helpdesk-code");
    const [code] = await page.locator("p.secret").allInnerTexts();
    const folder = join(portal.folder, "agent-lobby");
    await portal.command("agent", "enrol", "--server", portal.devices, "--code", code, "--dir", folder);
    await page.getByText("Its certificates are on their way.").waitFor();
    await portal.command("agent", "sync", "--once", "--dir", folder);
    await page.getByText("The device has all that it is to have.").waitFor();
    await look(page, "helpdesk-code-used");
    console.log(`        ${clicks} clicks from the box to the code of a shared device`);
    await page.getByRole("link", { name: "Back to the device" }).click();
    const wide = page.getByRole("table", { name: "What is on which device" });
    await wide.getByRole("link", { name: "Installed" }).click();
    await page.getByRole("heading", { level: 1, name: "Wi-Fi of screens on lobby-screen" }).waitFor();
    await look(page, "helpdesk-device-why");
    await page.getByRole("link", { name: "Back to the device" }).click();

    // Out of service: what follows is shown before, and is followed until the device has removed what it had.
    await page.getByRole("link", { name: "Retire this device: lobby-screen" }).click();
    await page.getByText(/1 certificate will be revoked/).first().waitFor();
    await look(page, "helpdesk-retire");
    await page.getByLabel("Why").fill("Replaced.");
    await page.getByRole("button", { name: /Retire this device/ }).click();
    await page.getByText("The device is retired.").waitFor();
    await page.getByText("Live", { exact: true }).waitFor();
    await portal.command("agent", "sync", "--once", "--dir", folder);
    await page.locator("#timeline").getByText("Removed").first().waitFor();
    await look(page, "helpdesk-device-retired");
    // Of another group there is no such device.
    const other = await rest("POST", "/devices", { name: "vault-screen", platform: "linux" });
    for (const path of [`/helpdesk/devices/${other.id}`, `/helpdesk/devices/${other.id}/events`]) {
      assert.equal((await page.context().request.get(portal.address + path)).status(), 404, path);
    }
    await page.context().close();

    // Without JavaScript the same page stands still.
    const plain = await open(browser, { state: world.desk, javaScript: false });
    await plain.goto(`${portal.address}/helpdesk?q=lobby`);
    await plain.getByText("lobby-screen was retired").waitFor();
    await fits(plain, "helpdesk-device without JavaScript");
    await plain.setViewportSize(widths.narrow);
    await fits(plain, "helpdesk-device without JavaScript");
    await plain.getByRole("link", { name: "New enrolment code" }).first().click();
    await plain.getByLabel("Why").fill("Back in the lobby.");
    await plain.getByRole("button", { name: "Make an enrolment code" }).click();
    await plain.getByText("The code has not been used yet.").waitFor();
    await plain.context().close();
  },
};
