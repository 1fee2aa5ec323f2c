// People help themselves, on a phone and on a large screen, with and without JavaScript: a new laptop with a code from
// the helpdesk, a lost phone. The clicks that each takes are counted and printed.
import assert from "node:assert/strict";
import { join } from "node:path";
import { look, open, widths } from "../browser.mjs";

const password = "seven quiet foxes near a lake";

export const smime = {
  name: "Mail of the self-service",
  platforms: ["linux"],
  subject_type: "user",
  key_scope: "user",
  subject: "CN={{UserName}}",
  key_algorithm: "ec-p256",
  key_usage: { key_agreement: true },
  extended_key_usages: ["1.3.6.1.5.5.7.3.4"],
  validity_days: 365,
  renewal_threshold_percent: 20,
  features: ["email"],
  escrow: "retained",
  user_may_reissue: true,
};

export const vpn = {
  ...smime,
  name: "VPN of the self-service",
  key_scope: "device",
  key_usage: { digital_signature: true },
  extended_key_usages: ["1.3.6.1.5.5.7.3.2"],
  features: ["vpn"],
  escrow: "none",
  user_may_reissue: false,
};

export const variants = [
  { label: "phone, no JavaScript", javaScript: false, size: widths.narrow },
  { label: "phone", javaScript: true, size: widths.narrow },
  { label: "large screen, no JavaScript", javaScript: false, size: widths.wide },
  { label: "large screen", javaScript: true, size: widths.wide },
];

// A person with an account, in a group that has both profiles.
export async function person(world, number) {
  const { rest } = world;
  if (!world.selfService) {
    const group = await rest("POST", "/groups", { name: "People who help themselves" });
    for (const profile of [smime, vpn]) {
      const made = await rest("POST", "/profiles", profile);
      await rest("POST", `/profiles/${made.id}/assignments`, { group_id: group.id, mode: "include" });
    }
    world.selfService = group.id;
  }
  const name = `noor${number}`;
  const user = await rest("POST", "/users", { user_name: name, display_name: `Noor Nº ${number}` });
  await rest("POST", `/groups/${world.selfService}/members`, { kind: "user", id: user.id });
  const account = await rest("POST", "/accounts", { name, user_id: user.id, grants: [{ role: "user" }] });
  await rest("PUT", `/accounts/${account.id}/password`, { password });
  return { name, id: user.id };
}

// A page of that size whose clicks are counted.
export async function visitor(world, { javaScript, size }, state) {
  const page = await open(world.browser, { javaScript, state });
  await page.setViewportSize(size);
  let clicks = 0;
  const click = async (locator) => {
    clicks += 1;
    const box = await locator.boundingBox();
    assert.ok(box, "it is not to be seen");
    await locator.click();
    return box;
  };
  return { page, click, clicks: () => clicks };
}

// Where a finger has to hit, it is large enough.
async function targets(page, name) {
  const small = await page.$$eval(".own .btn.big, .own-places a", (all) =>
    all.map((it) => ({ text: it.innerText, height: it.getBoundingClientRect().height })).filter((it) => it.height < 44),
  );
  assert.deepEqual(small, [], `${name}: too small for a finger`);
}

export async function seen(page, name, size) {
  await look(page, name);
  await page.setViewportSize(size);
  await targets(page, name);
}

const button = (page, name) => page.getByRole("button", { name });
const link = (page, name) => page.getByRole("link", { name });

export async function signIn(page, { name }, portal, click) {
  await page.goto(`${portal.address}/sign-in`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Password").fill(password);
  await click(button(page, "Sign in"));
  await page.getByRole("heading", { level: 1, name: "My devices" }).waitFor();
}

// Enrols what the page shows the code for, and lets it fetch what there is for it.
export async function setUp(world, page, folder) {
  const secrets = await page.locator("p.secret").allInnerTexts();
  const [code, server] = secrets;
  const dir = join(world.portal.folder, folder);
  await world.portal.command("agent", "enrol", "--server", server, "--code", code, "--dir", dir);
  await world.portal.command("agent", "sync", "--once", "--dir", dir);
  return dir;
}

export const installed = async (world, dir) =>
  JSON.parse(await world.portal.command("agent", "status", "--json", "--dir", dir)).copies.map((copy) => copy.profile);

async function newLaptop(world, variant, number) {
  const somebody = await person(world, number);
  const shown = variant.javaScript ? "js" : "plain";

  // The helpdesk makes a code and reads it out.
  const staff = await visitor(world, variant, world.state);
  await staff.page.goto(`${world.portal.address}/helpdesk/people/${somebody.id}/sign-in-code`);
  await staff.page.getByLabel("How did you make sure who it is?").fill(" ");
  await button(staff.page, "Make a sign-in code").click();
  await staff.page.locator("#explanation-wrong .wrong").waitFor();
  await staff.page.getByLabel("How did you make sure who it is?").fill("Called back at the desk");
  if (number === 1) await look(staff.page, "sign-in-code-offer");
  await button(staff.page, "Make a sign-in code").click();
  const code = await staff.page.locator("p.read-out").innerText();
  if (number === 1) await look(staff.page, "sign-in-code");

  const { page, click, clicks } = await visitor(world, variant);
  await page.goto(`${world.portal.address}/sign-in`);
  await click(link(page, "With a code from the helpdesk"));
  await page.getByLabel("Your user name").fill(somebody.name);
  await page.getByLabel("Code").fill("2222-2222");
  await button(page, "Sign in").click();
  await page.locator("#code-wrong .wrong").waitFor();
  assert.equal(await page.getByLabel("Your user name").inputValue(), somebody.name);
  await seen(page, `own-code-wrong-${shown}`, variant.size);
  await page.getByLabel("Code").fill(code.toLowerCase());
  await click(button(page, "Sign in"));
  await page.getByText("You came with a code from the helpdesk").waitFor();
  await seen(page, `own-start-${shown}`, variant.size);
  await click(link(page, "Add a device").first());
  assert.ok(await page.getByLabel("Linux computer").isChecked(), "the platform is picked from the browser");
  await page.getByLabel("What do you call it?").fill("New <laptop>");
  await seen(page, `own-add-${shown}`, variant.size);
  await click(button(page, "Add it"));
  await page.getByText("certporter agent enrol").waitFor();
  await seen(page, `own-enrol-${shown}`, variant.size);
  const dir = await setUp(world, page, `laptop-${number}`);
  console.log(`        a new laptop, from the code to the command to paste: ${clicks()} clicks (${variant.label})`);
  assert.deepEqual(await installed(world, dir), [vpn.name], "what is retained waits");

  // It waits for a password; a wrong one loses nothing.
  await link(page, "Done: show me the device").click();
  await page.getByText("Waits for you to confirm it").waitFor();
  await seen(page, `own-device-waits-${shown}`, variant.size);
  await link(page, "Confirm it").click();
  await page.getByLabel("Your own password").fill("not this one at all");
  await button(page, "Yes, it is mine").click();
  await page.locator("#password-wrong .wrong").waitFor();
  await seen(page, `own-confirm-${shown}`, variant.size);
  await page.getByLabel("Your own password").fill(password);
  await button(page, "Yes, it is mine").click();
  await page.getByText("What waited for this is on its way").waitFor();
  await world.portal.command("agent", "sync", "--once", "--dir", dir);
  assert.deepEqual((await installed(world, dir)).sort(), [smime.name, vpn.name], "after confirming it comes");

  // Another person's device and page are not there.
  const others = await world.rest("GET", "/devices?q=anna-laptop");
  for (const path of [`/me/devices/${others.data[0].id}`, `/me/devices/${others.data[0].id}/lost`]) {
    assert.equal((await page.goto(world.portal.address + path)).status(), 404, path);
  }
  assert.equal((await page.goto(`${world.portal.address}/users`)).status(), 403);
  await page.context().close();
  await staff.page.context().close();
  return { somebody, dir };
}

async function lostPhone(world, variant, number) {
  const somebody = await person(world, number);
  const shown = variant.javaScript ? "js" : "plain";
  const { page, click, clicks } = await visitor(world, variant);
  await signIn(page, somebody, world.portal, (locator) => locator.click());
  await link(page, "Add a device").first().click();
  await page.getByLabel("What do you call it?").fill("Phone of Noor");
  await button(page, "Add it").click();
  await setUp(world, page, `phone-${number}`);
  await page.goto(`${world.portal.address}/me`);
  await page.getByText("In use", { exact: true }).waitFor();
  await seen(page, `own-devices-${shown}`, variant.size);

  await click(link(page, "I lost it"));
  await seen(page, `own-lost-${shown}`, variant.size);
  await click(button(page, "Block it now"));
  await page.getByText("It is blocked: from now on").waitFor();
  console.log(`        a lost phone, from one's page to its being blocked: ${clicks()} clicks (${variant.label})`);
  await seen(page, `own-blocked-${shown}`, variant.size);
  await button(page, "I found it").click();
  await page.getByText("The block is lifted").waitFor();
  await page.goto(`${world.portal.address}/me`);
  await link(page, "I lost it").click();
  await button(page, "Block it now").click();
  await link(page, "It is gone for good").click();
  await seen(page, `own-gone-${shown}`, variant.size);
  await button(page, "Revoke everything on it").click();
  await page.getByText("What was on it is revoked for good").waitFor();
  await seen(page, `own-after-loss-${shown}`, variant.size);
  // What happened stands there until the person has said that they know.
  await page.goto(`${world.portal.address}/me`);
  await page.getByText("was reported as lost").first().waitFor();
  await button(page, "I know about this").click();
  await page.getByText("Thank you.").waitFor();
  await page.goto(`${world.portal.address}/me/events`);
  await seen(page, `own-events-${shown}`, variant.size);
  await page.context().close();
}

export const tests = {
  "self-service: a new laptop, with a code from the helpdesk": async (world) => {
    let number = 0;
    for (const variant of variants) await newLaptop(world, variant, (number += 1));
  },

  "self-service: a lost phone": async (world) => {
    let number = 10;
    for (const variant of variants) await lostPhone(world, variant, (number += 1));
  },

  "self-service: certificates say what they are for, and are reissued where that is allowed": async (world) => {
    const variant = variants[0];
    const somebody = await person(world, 20);
    const { page, click, clicks } = await visitor(world, variant);
    await signIn(page, somebody, world.portal, (locator) => locator.click());
    await page.goto(`${world.portal.address}/me/certificates`);
    await page.getByText("You have none yet").waitFor();
    await seen(page, "own-no-certificates", variant.size);
    await page.goto(`${world.portal.address}/me/add`);
    await button(page, "Add it").click();
    const dir = await setUp(world, page, "reissue-20");
    await page.goto(`${world.portal.address}/me/certificates`);
    await page.getByText("Sign and read protected e-mail").waitFor();
    await seen(page, "own-certificates", variant.size);
    await link(page, vpn.name).click();
    await page.getByText("The helpdesk has it reissued for you").waitFor();
    assert.equal(await button(page, "Reissue it").count(), 0);
    await seen(page, "own-certificate-fixed", variant.size);
    await page.goto(`${world.portal.address}/me/certificates`);
    await click(link(page, smime.name));
    await seen(page, "own-certificate", variant.size);
    await click(button(page, "Reissue it"));
    await page.getByText("A new one is on its way").waitFor();
    console.log(`        reissuing, from one's certificates: ${clicks()} clicks`);
    await world.portal.command("agent", "sync", "--once", "--dir", dir);

    // The start leads whoever has no other role here.
    await page.goto(world.portal.address);
    await page.getByRole("heading", { level: 1, name: "My devices" }).waitFor();
    await page.context().close();
  },

  "self-service: an administrator without a user of their own is told so": async (world) => {
    const page = await open(world.browser, { state: world.state, javaScript: false });
    const answer = await page.goto(`${world.portal.address}/me`);
    assert.equal(answer.status(), 409);
    await page.getByText("an administrator links it to a user").waitFor();
    await page.context().close();
  },
};
