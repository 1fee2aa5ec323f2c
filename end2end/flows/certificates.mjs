// Lists of certificates: sorted, filtered, searched, exported; many at once, with JavaScript and without.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const table = (page) => page.getByRole("table", { name: "Certificates" });

async function list(world, query = "", options = {}) {
  const page = await open(world.browser, { state: world.state, ...options });
  await page.goto(`${world.portal.address}/certificates${query}`);
  return page;
}

// Another person with a certificate of her own, so that there is something left to do.
async function enrolAnother(world, name) {
  const { rest, portal } = world;
  const user = await rest("POST", "/users", { user_name: name, display_name: `Zoë ${name}`, email: `${name}@example.org`, upn: `${name}@example.org` });
  const groups = await rest("GET", "/groups");
  await rest("POST", `/groups/${groups.data[0].id}/members`, { kind: "user", id: user.id });
  const device = await rest("POST", "/devices", { name: `${name}-laptop`, platform: "linux", owner: user.id });
  const code = await rest("POST", `/devices/${device.id}/enrolment-codes`, {});
  const folder = `${portal.folder}/agent-${name}`;
  await portal.command("agent", "enrol", "--server", portal.devices, "--code", code.code, "--dir", folder);
  await portal.command("agent", "sync", "--once", "--dir", folder);
}

export const tests = {
  "certificates are sorted by their headings, and the address holds it": async (world) => {
    await enrolAnother(world, "zoe");
    await enrolAnother(world, "yan");
    const page = await list(world, "?state=valid", { javaScript: false });
    await table(page).getByRole("link", { name: "Subject" }).click();
    await page.waitForURL(/state=valid.*sort=subject/);
    const subjects = await page.locator("td.name").allInnerTexts();
    assert.ok(subjects.length > 1);
    assert.deepEqual(subjects, [...subjects].sort());
    assert.equal(await page.locator("th[aria-sort=ascending]").innerText(), "Subject");
    await table(page).getByRole("link", { name: "Subject" }).click();
    await page.waitForURL(/sort=-subject/);
    assert.deepEqual(await page.locator("td.name").allInnerTexts(), [...subjects].reverse());
    await page.context().close();
  },

  "a certificate is found by person, device, and number in any form": async (world) => {
    const page = await list(world, "?state=valid&q=zoe-laptop");
    const serial = await page.locator("td.serial").first().innerText();
    const forms = [serial.match(/../g).join(":").toUpperCase(), BigInt(`0x${serial}`).toString(), serial.slice(0, 10)];
    for (const typed of [...forms, "ZOE-LAP", "zoë zoe"]) {
      await page.getByLabel(/serial number or thumbprint/).fill(typed);
      await page.getByRole("button", { name: "Show", exact: true }).click();
      await page.waitForLoadState();
      const found = await page.locator("td.serial").allInnerTexts();
      assert.ok(found.includes(serial), `${typed} finds ${found}`);
    }
    await look(page, "certificates-found");
    await page.goto(`${world.portal.address}/certificates?q=nothing-like-this`);
    await page.getByText("No certificate is like this").waitFor();
    await page.context().close();
  },

  "everything that matches is exported as CSV": async (world) => {
    const page = await list(world, "?q=zoe-laptop");
    const address = await page.getByRole("link", { name: "Export as CSV" }).getAttribute("href");
    const answer = await page.context().request.get(`${world.portal.address}${address}`);
    const lines = (await answer.text()).split("\r\n");
    assert.match(answer.headers()["content-type"], /^text\/csv/);
    assert.ok(lines[0].startsWith("id,serial_number,subject"), lines[0]);
    assert.equal(lines.length - 2, await page.locator("td.serial").count());
    assert.ok(lines[1].includes("zoe"), lines[1]);
    await page.context().close();
  },

  "nothing chosen is said to be nothing": async (world) => {
    const page = await list(world, "", { javaScript: false });
    await page.getByRole("button", { name: "Revoke\u2026" }).click();
    await page.getByText("Choose certificates first").waitFor();
    await look(page, "bulk-nothing");
    await page.context().close();
  },

  "certificates that were ticked are reissued without JavaScript": async (world) => {
    const page = await list(world, "?state=valid&q=zoe", { javaScript: false });
    await page.locator("td.tick input").first().check();
    await page.getByRole("button", { name: "Reissue\u2026" }).click();
    await page.getByRole("heading", { level: 1, name: "Reissue 1 certificate" }).waitFor();
    await page.getByRole("button", { name: "Reissue 1 certificate" }).click();
    await page.getByRole("heading", { level: 1, name: "Reissuing 1 certificate" }).waitFor();
    const again = page.getByRole("link", { name: "Show how far it is now" });
    for (let i = 0; i < 40 && (await page.getByText("All 1 are done").count()) === 0; i += 1) await again.click();
    await page.getByText("All 1 are done").waitFor();
    await page.context().close();
  },

  "all that match are revoked, and the page moves": async (world) => {
    const page = await list(world, "?state=valid&q=yan");
    const shown = await page.locator("td.serial").count();
    await page.getByLabel("All of them").check();
    await page.getByRole("button", { name: "Revoke\u2026" }).click();
    const noun = shown === 1 ? "1 certificate" : `${shown} certificates`;
    await page.getByRole("heading", { level: 1, name: `Revoke ${noun}` }).waitFor();
    await look(page, "bulk-revoke");
    await page.getByLabel("Reason").selectOption({ label: "No longer needed" });
    // What is missing is said, and what was chosen is kept.
    await page.getByRole("button", { name: `Revoke ${noun}` }).click();
    await page.getByText("Say why").waitFor();
    assert.equal(await page.getByLabel("Reason").inputValue(), "cessation_of_operation");
    await page.getByLabel("Explanation").fill("The project is over.");
    await page.getByRole("button", { name: `Revoke ${noun}` }).click();
    await page.getByRole("heading", { level: 1, name: `Revoking ${noun}` }).waitFor();
    await page.getByText(`All ${shown} are done.`).waitFor();
    await look(page, "bulk-done");
    await page.reload();
    await page.getByText("The project is over.").waitFor();
    await page.goto(`${world.portal.address}/certificates?state=revoked&q=yan`);
    assert.ok((await page.locator("td.serial").count()) >= shown);
    await page.context().close();
  },
};
