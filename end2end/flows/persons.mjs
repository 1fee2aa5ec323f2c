// Everything of a person is put on hold from their page, and given back: how far that is can be seen, and nothing of it
// depends on the page that somebody has open.
import assert from "node:assert/strict";
import { join } from "node:path";
import { fits, look, open, picture, widths } from "../browser.mjs";

const profile = (name) => ({
  name,
  platforms: ["linux"],
  subject_type: "user",
  key_scope: "device",
  subject: "CN={{UserName}},OU={{DeviceName}}",
  key_algorithm: "ec-p256",
  key_usage: { digital_signature: true },
  extended_key_usages: ["1.3.6.1.5.5.7.3.2"],
  validity_days: 365,
  renewal_threshold_percent: 20,
  features: ["wifi", "vpn"],
  // So that the same certificates come back.
  escrow: "retained",
});

// A person with two devices that hold a certificate each; what has them make contact.
async function person(world, name) {
  const { portal, rest } = world;
  const user = await rest("POST", "/users", {
    user_name: name.toLowerCase(),
    display_name: `${name} Lindqvist`,
    email: `${name.toLowerCase()}@example.org`,
  });
  const group = await rest("POST", "/groups", { name: `${name} alone` });
  await rest("POST", `/groups/${group.id}/members`, { kind: "user", id: user.id });
  const made = await rest("POST", "/profiles", profile(`Everything of ${name}`));
  await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
  const syncs = [];
  for (const what of ["laptop", "desktop"]) {
    const device = await rest("POST", "/devices", { name: `${name}-${what}`, platform: "linux", owner: user.id });
    const code = await rest("POST", `/devices/${device.id}/enrolment-codes`, {});
    const folder = join(portal.folder, `agent-${name}-${what}`);
    await portal.command("agent", "enrol", "--server", portal.devices, "--code", code.code, "--dir", folder);
    syncs.push(() => portal.command("agent", "sync", "--once", "--dir", folder));
  }
  const sync = async () => {
    for (const one of syncs) await one();
  };
  await sync();
  return { address: `${portal.address}/users/${user.id}`, syncs, sync };
}

// The same document from here on: it moves by itself.
async function stays(page) {
  await page.getByText("Live", { exact: true }).waitFor();
  await page.evaluate(() => {
    window.sameDocument = true;
  });
}

async function stayed(page) {
  assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
}

async function glance(page, name) {
  for (const [width, size] of Object.entries(widths)) {
    await page.setViewportSize(size);
    await picture(page, name, width);
    await fits(page, name);
  }
  await page.setViewportSize(widths.wide);
}

// Says why, sees what will follow, and does it.
async function does(page, action, name, follows) {
  await page.getByRole("link", { name: `${action}…`, exact: true }).click();
  await page.getByLabel("Why").fill("Somebody called and was not them.");
  await page.getByRole("button", { name: "Show what will follow" }).click();
  await page.getByText(follows).first().waitFor();
  await glance(page, `person-${action.toLowerCase()}`);
  await page.getByRole("button", { name: new RegExp(`^${action} ${name}`) }).click();
}

const step = (page, name) => page.locator("dt", { hasText: name }).locator("xpath=following-sibling::dd[1]");
const certificates = (page, word) =>
  page.getByRole("table", { name: "Certificates of this person" }).getByText(word, { exact: true });

export const needed = ["the list shows devices and can be searched by its address"];

export const tests = {
  "persons: everything of one is put on hold, seen to the end though the page is loaded again, and given back": async (
    world,
  ) => {
    const { address, syncs, sync } = await person(world, "Ragnhild");
    const page = await open(world.browser, { state: world.state });
    await page.goto(address);
    await does(page, "Block", "Ragnhild", /2 certificates will be put on hold/);
    await page.getByText("Blocked. Certificates go on hold").waitFor();
    await stays(page);
    // What is the portal's is done by itself; what is the devices' waits for them.
    await step(page, "In the published CRL").getByText("2 of 2").waitFor();
    await step(page, "Gone from every device").getByText("0 of 2").waitFor();
    await stayed(page);
    await look(page, "person-blocked");
    await page.reload();
    await stays(page);
    await step(page, "In the published CRL").getByText("2 of 2").waitFor();
    await syncs[0]();
    await step(page, "Gone from every device").getByText("1 of 2").waitFor();
    await syncs[1]();
    await page.getByText("All of it is done.").waitFor();
    await step(page, "Finished").getByText("2 of 2").waitFor();
    await stayed(page);
    await page.reload();
    await page.getByText("All of it is done.").waitFor();
    await certificates(page, "On hold").nth(1).waitFor();
    await look(page, "person-blocked-done");

    await does(page, "Unblock", "Ragnhild", /2 certificates will be taken off hold/);
    await page.getByText("The block was lifted.").waitFor();
    await sync();
    await page.reload();
    await certificates(page, "Valid").nth(1).waitFor();
    assert.equal(await certificates(page, "On hold").count(), 0);
    await look(page, "person-unblocked");
    await page.context().close();
  },

  "persons: without JavaScript the same forms do it, and the page tells how far it is": async (world) => {
    const { address, sync } = await person(world, "Sigurd");
    const page = await open(world.browser, { state: world.state, javaScript: false });
    await page.goto(address);
    await does(page, "Block", "Sigurd", /2 certificates will be put on hold/);
    await page.getByText("Blocked. Certificates go on hold").waitFor();
    await step(page, "Gone from every device").getByText("0 of 2").waitFor();
    await glance(page, "person-blocked-plain");
    // Somebody else watches the same person; it ends the same for both.
    const other = await open(world.browser, { state: world.state });
    await other.goto(address);
    await stays(other);
    await sync();
    await other.getByText("All of it is done.").waitFor();
    await stayed(other);
    await other.context().close();
    await page.reload();
    await page.getByText("All of it is done.").waitFor();
    await does(page, "Unblock", "Sigurd", /2 certificates will be taken off hold/);
    await page.getByText("The block was lifted.").waitFor();
    await sync();
    await page.reload();
    await certificates(page, "Valid").nth(1).waitFor();
    await page.context().close();
  },
};
