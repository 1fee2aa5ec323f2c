// A certificate is revoked by its form, with JavaScript and without.
import assert from "node:assert/strict";
import { join } from "node:path";
import { look, open } from "../browser.mjs";

async function certificatePage(world, javaScript) {
  const page = await open(world.browser, { state: world.state, javaScript });
  await page.goto(`${world.portal.address}/certificates?status=valid`);
  await page.locator("td.name a").first().click();
  await page.getByRole("heading", { level: 2, name: "Revoke" }).waitFor();
  return page;
}

// The form, what follows from it, and the button that says it again.
async function revoke(page, reason, explanation) {
  await page.getByLabel("Reason").selectOption({ label: reason });
  await page.locator("form.danger").getByLabel("Explanation").fill(explanation);
  await page.getByRole("button", { name: "Revoke this certificate" }).click();
  await page.getByRole("heading", { level: 2, name: "What will follow" }).waitFor();
  await page.getByRole("button", { name: /^Revoke this certificate/ }).click();
  await page.getByText("The certificate is being revoked").waitFor();
  await page.getByText("Revoked", { exact: true }).first().waitFor();
  assert.equal(await page.getByRole("button", { name: "Revoke this certificate" }).count(), 0);
}

export const tests = {
  "certificates are listed and found by serial number": async (world) => {
    const page = await open(world.browser, { state: world.state });
    await page.goto(`${world.portal.address}/certificates`);
    await look(page, "certificates");
    const serial = await page.locator("td.serial").first().innerText();
    await page.goto(`${world.portal.address}/certificates?q=${serial}`);
    assert.equal(await page.locator("td.name a").count(), 1);
    await page.context().close();
  },

  "a certificate can be downloaded, its key can't": async (world) => {
    const page = await certificatePage(world, true);
    await look(page, "certificate");
    const address = await page.getByRole("link", { name: "PEM", exact: true }).getAttribute("href");
    const answer = await page.context().request.get(`${world.portal.address}${address}`);
    const text = await answer.text();
    assert.ok(text.startsWith("-----BEGIN CERTIFICATE-----"), text);
    assert.ok(!text.includes("PRIVATE KEY"));
    const chain = await page.context().request.get(`${world.portal.address}${address}/chain`);
    assert.equal((await chain.text()).match(/BEGIN CERTIFICATE/g).length, 3);
    const der = await page.context().request.get(`${world.portal.address}${address}/der`);
    assert.equal(der.headers()["content-type"], "application/pkix-cert");
    await page.getByText("TLS client authentication (1.3.6.1.5.5.7.3.2)").waitFor();
    await page.context().close();
  },

  "a revocation without a reason keeps what was typed": async (world) => {
    const page = await certificatePage(world, false);
    const typed = "</textarea><script>alert(1)</script> & co";
    await page.locator("form.danger").getByLabel("Explanation").fill(typed);
    // Without the browser's own check, as a script would send it.
    const answer = await page.context().request.post(page.url(), {
      form: { reason: "", explanation: typed },
      headers: { origin: world.portal.address, "sec-fetch-site": "same-origin" },
      maxRedirects: 0,
    });
    assert.equal(answer.status(), 422);
    const text = await answer.text();
    assert.ok(text.includes("&lt;/textarea>&lt;script>alert(1)&lt;/script> &amp; co"), text);
    await page.context().close();
  },

  "a certificate is revoked without JavaScript, and the next one comes": async (world) => {
    const page = await certificatePage(world, false);
    await revoke(page, "The key or the device may be in other hands", "A visitor had the laptop for an hour.");
    await page.getByText("A visitor had the laptop for an hour.").waitFor();
    const folder = join(world.portal.folder, "agent");
    await world.portal.command("agent", "sync", "--once", "--dir", folder);
    await page.context().close();
  },

  "a certificate is revoked with JavaScript": async (world) => {
    const page = await certificatePage(world, true);
    await revoke(page, "No longer needed", "The test is over.");
    await look(page, "certificate-revoked");
    await page.context().close();
  },
};
