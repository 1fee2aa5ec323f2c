// Somebody comes with a code from the helpdesk and sets a device up: what is kept in escrow waits, until another device
// of theirs says that it is they. On a phone and on a large screen, with and without JavaScript.
import assert from "node:assert/strict";
import { installed, person, seen, setUp, signIn, smime, variants, visitor, vpn } from "./self_service.mjs";

const button = (page, name) => page.getByRole("button", { name });
const link = (page, name) => page.getByRole("link", { name });

async function add(world, page, name, folder) {
  await page.goto(`${world.portal.address}/me/add`);
  await page.getByLabel("Linux computer").check();
  await page.getByLabel("What do you call it?").fill(name);
  await button(page, "Add it").click();
  await page.getByText("certporter agent enrol").waitFor();
  return setUp(world, page, folder);
}

async function code(world, user) {
  const made = await world.rest("POST", `/users/${user}/sign-in-codes`, { explanation: "called back" });
  return made.code;
}

async function byAnotherDevice(world, variant, number) {
  const somebody = await person(world, number);
  const shown = variant.javaScript ? "js" : "plain";
  const sync = (dir) => world.portal.command("agent", "sync", "--once", "--dir", dir);

  // At her desk, with her own password.
  const desk = await visitor(world, variant);
  await signIn(desk.page, somebody, world.portal, (locator) => locator.click());
  const laptop = await add(world, desk.page, "Laptop at the desk", `confirming-${number}`);
  assert.deepEqual((await installed(world, laptop)).sort(), [smime.name, vpn.name]);
  await desk.page.context().close();

  // Elsewhere, with a code.
  const { page, click, clicks } = await visitor(world, variant);
  await page.goto(`${world.portal.address}/sign-in/code`);
  await page.getByLabel("Your user name").fill(somebody.name);
  await page.getByLabel("Code").fill(await code(world, somebody.id));
  await button(page, "Sign in").click();
  await page.getByText("Somebody signed in with a code: is it you?").waitFor();
  const phone = await add(world, page, "Second computer", `confirmed-${number}`);
  assert.deepEqual(await installed(world, phone), [vpn.name], "what is kept in escrow waits");
  await page.goto(`${world.portal.address}/me`);
  await page.getByText("Second computer waits: is it yours?").waitFor();
  await seen(page, `own-waits-${shown}`, variant.size);
  await click(link(page, "Look at it and confirm").first());
  await page.getByText("certporter agent confirm", { exact: false }).waitFor();
  await seen(page, `own-confirm-elsewhere-${shown}`, variant.size);

  // The laptop at the desk is asked, and says yes to both.
  const confirm = (...more) => world.portal.command("agent", "confirm", "--dir", laptop, ...more);
  const waiting = await confirm();
  const ids = [...waiting.matchAll(/certporter agent confirm --dir \S+ (\S+)/g)].map((found) => found[1]);
  assert.equal(ids.length, 2, waiting);
  assert.ok(waiting.includes("Second computer"), waiting);
  for (const id of ids) await confirm(id);
  assert.match(await confirm(), /nothing of yours waits/);

  // The key comes, and what is set up from now on waits for nothing.
  await sync(phone);
  assert.deepEqual((await installed(world, phone)).sort(), [smime.name, vpn.name], "the key comes");
  await page.goto(`${world.portal.address}/me`);
  await page.getByRole("heading", { level: 1, name: "My devices" }).waitFor();
  assert.equal(await link(page, "Look at it and confirm").count(), 0);
  assert.equal(await page.getByText("come only after you confirm").count(), 0, "it is confirmed");
  await seen(page, `own-confirmed-${shown}`, variant.size);
  const third = await add(world, page, "Third computer", `third-${number}`);
  assert.deepEqual((await installed(world, third)).sort(), [smime.name, vpn.name], "nothing waits");
  await page.goto(`${world.portal.address}/me/events`);
  await page.getByText("Another device of yours confirmed that it is you").first().waitFor();
  assert.ok(clicks() <= 1, `${clicks()} clicks`);
  await page.context().close();

  // The helpdesk has it in its timeline.
  const staff = await visitor(world, variant, world.state);
  await staff.page.goto(`${world.portal.address}/helpdesk/people/${somebody.id}`);
  const timeline = staff.page.locator("#timeline");
  for (const text of [
    "Sign-in code for self-service made",
    "Signed in to self-service with a code from the helpdesk",
    "Confirmed by the person on another device of theirs",
  ]) {
    await timeline.getByText(text).first().waitFor();
  }
  if (number === 40) await seen(staff.page, "helpdesk-security", variant.size);
  await staff.page.context().close();
}

export const tests = {
  "confirmations: another device says that it is they, and the key comes": async (world) => {
    let number = 40;
    for (const variant of variants) await byAnotherDevice(world, variant, number++);
  },
};
