// A device enrols while its page is open: what happens is seen without loading the page again.
import assert from "node:assert/strict";
import { join } from "node:path";
import { look, open } from "../browser.mjs";
import { restOf } from "../portal.mjs";

const profile = {
  name: "Wi-Fi & VPN",
  platforms: ["linux"],
  subject_type: "user",
  key_scope: "device",
  subject: "CN={{UserName}}",
  key_algorithm: "ec-p256",
  key_usage: { digital_signature: true },
  extended_key_usages: ["1.3.6.1.5.5.7.3.2"],
  validity_days: 365,
  renewal_threshold_percent: 20,
  features: ["wifi", "vpn"],
  escrow: "until_delivered",
};

async function makeDirectory(world) {
  const token = await world.portal.onData("token create", "--name", "end2end", "--role", "administrator");
  const secret = token.match(/cp_\S+/)?.[0];
  assert.ok(secret, `no token in: ${token}`);
  const rest = restOf(world.portal, secret);
  const user = await rest("POST", "/users", {
    user_name: "anna",
    display_name: "Anna Åström",
    email: "anna@example.org",
    upn: "anna@example.org",
  });
  const group = await rest("POST", "/groups", { name: "Staff" });
  await rest("POST", `/groups/${group.id}/members`, { kind: "user", id: user.id });
  const device = await rest("POST", "/devices", { name: "anna-laptop", platform: "linux", owner: user.id });
  await rest("POST", "/devices", { name: "<b>reception</b> =\"tablet\"", platform: "ios" });
  const made = await rest("POST", "/profiles", profile);
  await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
  world.rest = rest;
  world.token = secret;
  world.device = device.id;
}

export const needed = [
  "the list shows devices and can be searched by its address",
  "a device's page moves while the device enrols",
];

export const tests = {
  "the list shows devices and can be searched by its address": async (world) => {
    await makeDirectory(world);
    const page = await open(world.browser, { state: world.state });
    await page.goto(`${world.portal.address}/devices`);
    await page.getByRole("link", { name: "anna-laptop" }).waitFor();
    await look(page, "devices");
    await page.getByLabel(/Name, hardware serial number/).fill("reception");
    await page.getByRole("button", { name: "Show" }).click();
    await page.waitForURL(/q=reception/);
    assert.equal(await page.getByRole("link", { name: "anna-laptop" }).count(), 0);
    assert.equal(await page.getByRole("link", { name: "<b>reception</b>" }).count(), 1);
    await page.goto(`${world.portal.address}/devices?q=nothing-like-this`);
    await page.getByText("No device is like this").waitFor();
    await page.context().close();
  },

  "a device's page moves while the device enrols": async (world) => {
    const page = await open(world.browser, { state: world.state });
    await page.goto(`${world.portal.address}/devices/${world.device}`);
    await page.getByText("Live", { exact: true }).waitFor();
    await page.evaluate(() => {
      window.sameDocument = true;
    });
    const code = await world.rest("POST", `/devices/${world.device}/enrolment-codes`, {});
    const folder = join(world.portal.folder, "agent");
    await world.portal.command("agent", "enrol", "--server", world.portal.devices, "--code", code.code, "--dir", folder);
    await page.getByText("Enrolled", { exact: true }).first().waitFor();
    await world.portal.command("agent", "sync", "--once", "--dir", folder);
    const rows = page.getByRole("table", { name: "Certificates on this device" }).getByRole("row");
    await rows.filter({ hasText: "Installed" }).nth(1).waitFor();
    assert.ok(await page.evaluate(() => window.sameDocument), "the page was loaded again");
    await look(page, "device");
    await page.context().close();
  },

  "without JavaScript the page shows the same": async (world) => {
    const page = await open(world.browser, { state: world.state, javaScript: false });
    await page.goto(`${world.portal.address}/devices/${world.device}`);
    await page.getByText("Installed", { exact: true }).first().waitFor();
    assert.equal(await page.getByText("Live", { exact: true }).count(), 0);
    await page.context().close();
  },

  "a device that is none is not found": async (world) => {
    const page = await open(world.browser, { state: world.state });
    for (const id of ["42", "0198c2f0-7d1e-7cc3-98c4-dc0c0c07398f"]) {
      const answer = await page.goto(`${world.portal.address}/devices/${id}`);
      assert.equal(answer.status(), 404, id);
    }
    await page.context().close();
  },

  "a page is small": async (world) => {
    const page = await open(world.browser, { state: world.state });
    let octets = 0;
    page.on("response", async (response) => {
      const sizes = await response.request().sizes().catch(() => undefined);
      octets += sizes ? sizes.responseBodySize + sizes.responseHeadersSize : 0;
    });
    await page.goto(`${world.portal.address}/devices/${world.device}`, { waitUntil: "load" });
    await page.getByText("Live", { exact: true }).waitFor();
    console.log(`        the first visit to a page with an island takes ${(octets / 1000).toFixed(0)} kB`);
    assert.ok(octets < 150_000, `${octets} octets`);
    await page.context().close();
  },
};
