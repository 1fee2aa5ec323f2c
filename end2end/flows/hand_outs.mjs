// A phone without the agent: its certificates as a file. The password is on one screen, the file on another, and the
// link works once.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const profile = {
  name: "Büro & <WLAN>",
  platforms: ["ios"],
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
  feature_settings: { wifi: { ssid: "<Büro> & \"WLAN\"", server_names: ["radius.example.org"] } },
};

async function phone(world, name) {
  const { rest } = world;
  if (!world.handOuts) {
    const group = await rest("POST", "/groups", { name: "People with phones" });
    const made = await rest("POST", "/profiles", profile);
    await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
    const user = await rest("POST", "/users", { user_name: "ines", display_name: "Inês & Söhne" });
    await rest("POST", `/groups/${group.id}/members`, { kind: "user", id: user.id });
    world.handOuts = { user: user.id, profile: made.id };
  }
  const device = await rest("POST", "/devices", { name, platform: "ios", owner: world.handOuts.user });
  return device.id;
}

async function handOut(world, javaScript) {
  const { browser, portal, state } = world;
  const device = await phone(world, javaScript ? "Inês\u2019 <iPhone>" : "Inês\u2019 <iPad>");
  const page = await open(browser, { state, javaScript });
  await page.goto(`${portal.address}/devices/${device}/hand-outs`);
  await page.getByLabel("Apple configuration profile").check();
  await look(page, "hand-outs-channel");
  await page.getByRole("button", { name: "Enrol the device so" }).click();
  const make = page.getByRole("button", { name: "Make the file and its link" });
  // It is issued in the background: the page is loaded again until it is there.
  for (const until = Date.now() + 60_000; Date.now() < until && (await make.count()) === 0; ) await page.reload();
  await page.getByText("This profile names no VPN server, so the VPN payload is left out.").first().waitFor();
  await look(page, "hand-outs");
  await page.getByText("The device has an identity already").click();
  await page.getByLabel("The device\u2019s certificate").fill("no certificate");
  await make.click();
  await page.getByText("This is not one certificate in PEM", { exact: false }).first().waitFor();
  assert.equal(await page.getByLabel("The device\u2019s certificate").inputValue(), "no certificate");
  await page.getByLabel("The device\u2019s certificate").fill("");
  await make.click();
  await page.getByText("This page can\u2019t be shown again").waitFor();
  await look(page, "hand-outs-password");
  const [password, link] = await page.locator("p.secret").allInnerTexts();
  assert.match(password, /^[a-z2-9]{5}(-[a-z2-9]{5}){3}$/);
  assert.ok(!link.includes(password));

  const other = await open(browser, { javaScript });
  await other.goto(link);
  await look(other, "hand-out-link");
  await other.reload();
  const download = other.waitForEvent("download");
  await other.getByRole("button", { name: "Download the file" }).click();
  assert.equal((await download).suggestedFilename(), "B-ro-WLAN.mobileconfig");
  await (await download).path();
  const answer = await other.goto(link);
  assert.equal(answer.status(), 404);
  await other.context().close();

  await page.goto(`${portal.address}/devices/${device}/hand-outs`);
  await page.getByText("Handed out, unconfirmed").first().waitFor();
  await look(page, "hand-outs-fetched");
  await page.goto(`${portal.address}/devices/${device}`);
  await page.getByText("Handed out, unconfirmed").first().waitFor();
  await page.context().close();
}

export const needed = [];

export const tests = {
  "hand-outs: a phone gets its certificates as a file, without JavaScript": async (world) => handOut(world, false),
  "hand-outs: a phone gets its certificates as a file": async (world) => handOut(world, true),
  "hand-outs: the profile's settings are edited, and what is wrong is said": async (world) => {
    const page = await open(world.browser, { state: world.state, javaScript: false });
    await page.goto(`${world.portal.address}/profiles/${world.handOuts.profile}/edit`);
    await page.getByLabel("SSID").fill("x".repeat(33));
    await page.locator("[name='feature_settings.vpn.server']").fill("vpn example");
    await page.getByRole("button", { name: "Go on to what follows" }).click();
    await page.getByText("this has 33", { exact: false }).first().waitFor();
    await page.getByLabel("SSID").fill("Büro");
    await page.locator("[name='feature_settings.vpn.server']").fill("vpn.example.org");
    await look(page, "profile-set-up");
    await page.getByRole("button", { name: "Go on to what follows" }).click();
    await page.getByText("Set-up on devices").first().waitFor();
    await page.context().close();
  },
};
