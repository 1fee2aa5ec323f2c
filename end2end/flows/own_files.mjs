// A key that is kept in escrow, as a file for a phone without the agent: whoever came with a code from the helpdesk gets
// none before they have said who they are. With and without JavaScript, on a phone and on a large screen.
import assert from "node:assert/strict";
import { look } from "../browser.mjs";
import { person, seen, signIn, smime, variants, visitor } from "./self_service.mjs";

const password = "seven quiet foxes near a lake";
const button = (page, name) => page.getByRole("button", { name });
const link = (page, name) => page.getByRole("link", { name });

const kept = { ...smime, name: "Mail of the phones", platforms: ["ios"] };

async function assigned(world) {
  if (world.keptOnPhones) return;
  const made = await world.rest("POST", "/profiles", kept);
  await world.rest("POST", `/profiles/${made.id}/assignments`, { group_id: world.selfService, mode: "include" });
  world.keptOnPhones = made.id;
}

// The page of a device's files, once its certificate is there.
async function files(world, page, device) {
  await page.goto(`${world.portal.address}/me/devices/${device}/hand-outs`);
  const make = button(page, "Make the file and its link");
  for (const until = Date.now() + 60_000; Date.now() < until && (await make.count()) === 0; ) await page.reload();
  await page.getByText("Its key is kept in escrow").waitFor();
  return make;
}

async function fetched(browserPage, address) {
  await browserPage.goto(address);
  const download = browserPage.waitForEvent("download");
  await button(browserPage, "Download the file").click();
  return (await download).suggestedFilename();
}

async function byCode(world, variant, number) {
  const somebody = await person(world, number);
  await assigned(world);
  const shown = variant.javaScript ? "js" : "plain";

  // With her own password she sets the phone up, and gets her file.
  const desk = await visitor(world, variant);
  await signIn(desk.page, somebody, world.portal, (locator) => locator.click());
  await desk.page.goto(`${world.portal.address}/me/add`);
  await desk.page.getByLabel("iPhone or iPad").check();
  await desk.page.getByLabel("What do you call it?").fill("Phone of Noor");
  await button(desk.page, "Add it").click();
  await link(desk.page, "Get certificates as files").first().click();
  const device = new URL(desk.page.url()).pathname.split("/")[3];
  await desk.page.getByLabel("Apple configuration profile").check();
  await button(desk.page, "Enrol the device so").click();
  await (await files(world, desk.page, device)).click();
  await desk.page.getByText("This page can\u2019t be shown again").waitFor();
  const first = (await desk.page.locator("p.secret").allInnerTexts())[1];
  assert.equal(await fetched(desk.page, first), "Mail-of-the-phones.mobileconfig");
  await desk.page.context().close();

  // Elsewhere, with a code, the same button makes nothing.
  const { page } = await visitor(world, variant);
  const made = await world.rest("POST", `/users/${somebody.id}/sign-in-codes`, { explanation: "called back" });
  await page.goto(`${world.portal.address}/sign-in/code`);
  await page.getByLabel("Your user name").fill(somebody.name);
  await page.getByLabel("Code").fill(made.code);
  await button(page, "Sign in").click();
  await page.getByText("Somebody signed in with a code: is it you?").waitFor();
  await (await files(world, page, device)).click();
  await page.getByText("confirm first that it is you").waitFor();
  assert.equal(await page.locator("p.secret").count(), 0, "neither password nor link");
  await seen(page, `own-files-refused-${shown}`, variant.size);
  // What was fetched is the last that was made.
  await page.goto(`${world.portal.address}/me/devices/${device}/hand-outs`);
  assert.equal(await page.locator("td.name").count(), 1);

  // Once she has said who she is, it does.
  await page.goto(`${world.portal.address}/me`);
  await link(page, "Look at it and confirm").first().click();
  await page.getByLabel("Your own password").fill(password);
  await page.getByRole("button", { name: /Yes, it (is mine|was me)/ }).click();
  await page.getByText("What waited for this is on its way").waitFor();
  await (await files(world, page, device)).click();
  await page.getByText("This page can\u2019t be shown again").waitFor();
  await look(page, `own-files-made-${shown}`);
  const again = (await page.locator("p.secret").allInnerTexts())[1];
  assert.notEqual(again, first);
  assert.equal(await fetched(page, again), "Mail-of-the-phones.mobileconfig");
  await page.context().close();
}

export const needed = [];

export const tests = {
  "own files: a kept key is given to whoever has said who they are, and not before": async (world) => {
    let number = 60;
    for (const variant of variants) await byCode(world, variant, number++);
  },
};
