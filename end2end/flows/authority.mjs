// An issuing CA that is not ours: added, tried out, changed by two at once, switched off.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";
import { startOpenBao } from "../openbao.mjs";

async function leave(page) {
  await page.context().close();
}

// The part of the page that is about a CA.
const section = (page, name) =>
  page.locator("section.section").filter({ has: page.getByRole("heading", { level: 2, name, exact: true }) });

export const tests = {
  "an OpenBao is added, tried out, changed and switched off": async ({ browser, portal, state }) => {
    const bao = await startOpenBao();
    try {
      const plain = await open(browser, { state, javaScript: false });
      await plain.goto(`${portal.address}/authorities`);
      await plain.getByRole("link", { name: "Add an issuing CA" }).click();
      const form = async (token) => {
        await plain.getByLabel("Name", { exact: true }).fill("bao");
        await plain.getByLabel("Address").fill(bao.address);
        await plain.getByLabel("Token", { exact: true }).fill(token);
        await plain.getByRole("button", { name: /add it/ }).click();
      };
      await form("wrong");
      await plain.getByText(/does not take the token/).waitFor();
      assert.equal(await plain.getByLabel("Address").inputValue(), bao.address);
      assert.equal(await plain.getByLabel("Token", { exact: true }).inputValue(), "");
      await look(plain, "authority-new-wrong");
      await form(bao.token);
      await plain.getByText("The CA was added").waitFor();
      assert.match(await section(plain, "bao").innerText(), /Working[\s\S]*CN=Example Root/);
      assert.ok(!(await plain.content()).includes(bao.token));
      await look(plain, "authorities-external");

      // Really issued, checked and revoked there.
      const page = await open(browser, { state });
      await page.goto(`${portal.address}/authorities`);
      await look(page, "authorities-external-scripts");
      await section(page, "bao").getByRole("link", { name: "Try it out" }).click();
      await page.getByRole("button", { name: /test certificate/ }).click();
      await page.getByText("Every step works").waitFor();
      const { data } = await bao.ask("pki/certs/revoked?list=true");
      assert.equal(data.keys.length, 1);

      // Two administrators at once: the second sees both versions, and loses nothing.
      await section(plain, "bao").getByRole("link", { name: "Edit" }).click();
      await page.goto(plain.url());
      await look(page, "authority-edit");
      await page.getByLabel("CRL that certificates").fill("http://crl.example.org/users.crl");
      await page.getByRole("button", { name: /save/ }).click();
      await page.getByText("Saved.").waitFor();
      await plain.getByLabel("OCSP responder").fill("http://ocsp.example.org");
      await plain.getByRole("button", { name: /save/ }).click();
      await plain.getByText("since you opened it").waitFor();
      assert.equal(await plain.getByLabel("OCSP responder").inputValue(), "http://ocsp.example.org");
      await look(plain, "authority-edit-conflict");

      await page.goto(`${portal.address}/authorities`);
      await section(page, "bao").getByRole("button", { name: "Switch off" }).click();
      await page.getByText("Switched off: no certificate is asked of it").waitFor();
      await leave(page);
      const dark = await open(browser, { state, colours: "dark" });
      await dark.goto(`${portal.address}/authorities`);
      await look(dark, "authorities-external-dark");
      await leave(dark);
      await leave(plain);
    } finally {
      await bao.stop();
    }
  },
};
