// Reports, and notices by e-mail: from setting the mail server up to a letter that has arrived.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";
import { startMailServer } from "../smtp.mjs";

async function leave(page) {
  await page.context().close();
}

export const tests = {
  "each number of the report leads to as many": async ({ browser, portal, state }) => {
    const page = await open(browser, { state });
    await page.goto(`${portal.address}/reports`);
    await page.getByRole("heading", { level: 1, name: "Certificate health" }).waitFor();
    await look(page, "reports-health");
    const numbers = await page.$$eval("main td.amount a, main .tile", (all) =>
      all.map((a) => ({ href: a.href, count: Number((a.querySelector("strong") ?? a).textContent.replaceAll(",", "")) })),
    );
    assert.ok(numbers.length > 8, "there is something to count");
    for (const { href, count } of numbers.filter((it) => it.count <= 50)) {
      await page.goto(href);
      const rows = await page.locator("main table.list tbody tr").count();
      assert.equal(rows, count, href);
    }
    await page.goto(numbers.find((it) => it.href.includes("delivery=installed")).href);
    await look(page, "certificates-by-delivery");
    await leave(page);
    const dark = await open(browser, { state, colours: "dark" });
    await dark.goto(`${portal.address}/reports`);
    await look(dark, "reports-health-dark");
    await leave(dark);
  },

  "each number of the overview leads to as many": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    // Certificates that are on their way change a number between two looks: what disagrees is looked at again.
    const disagreeing = async () => {
      await page.goto(portal.address);
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      const numbers = await page.$$eval("main a.tile, main figure a.key, main details.behind td a, main ul.matters > li", (all) =>
        all.map((it) => ({
          href: (it.matches("li") ? it.querySelector("a.btn") : it).href,
          text: (it.querySelector("strong") ?? it.querySelector("p.name") ?? it).textContent.trim(),
        })),
      );
      const list = /\/(certificates|requests|devices|settings\/notices\/letters)\?/;
      const counted = numbers
        .map(({ href, text }) => ({ href, count: Number(/^[\d,]+/.exec(text)?.[0].replaceAll(",", "")) }))
        .filter(({ href, count }) => list.test(href) && count <= 50);
      assert.ok(counted.length > 4, `too few numbers: ${JSON.stringify(numbers)}`);
      const others = [];
      for (const { href, count } of counted) {
        await page.goto(href);
        const rows = await page.locator("main table.list tbody tr").count();
        if (rows !== count) others.push(`${href}: ${count}, and ${rows} are listed`);
      }
      return others;
    };
    let found = await disagreeing();
    for (let visits = 0; visits < 4 && found.length > 0; visits += 1) found = await disagreeing();
    assert.deepEqual(found, []);
    await leave(page);
  },

  "who held what on a day, without JavaScript": async ({ browser, portal, state }) => {
    const plain = await open(browser, { state, javaScript: false });
    await plain.goto(`${portal.address}/reports`);
    await plain.getByRole("link", { name: "Who held what" }).click();
    await plain.getByRole("heading", { level: 1, name: "Who held what" }).waitFor();
    await look(plain, "reports-held");
    for (const kind of ["Devices and their people", "Memberships", "Assignments"]) {
      await plain.getByRole("link", { name: kind }).click();
      await plain.locator("table.list, .empty").first().waitFor();
      await look(plain, `reports-held-${kind.split(" ")[0].toLowerCase()}`);
    }
    await plain.getByLabel("Day (UTC)").fill("2001-01-01");
    await plain.getByRole("button", { name: "Show" }).click();
    await plain.getByText("Nothing on that day").waitFor();
    await plain.goto(`${portal.address}/reports/held?day=2999-01-01`);
    await plain.getByText("today or before").waitFor();
    await look(plain, "reports-held-wrong");
    await leave(plain);
  },

  "mail is set up, tried out, and a notice is written and sent": async ({ browser, portal, state }) => {
    const server = await startMailServer();
    try {
      const plain = await open(browser, { state, javaScript: false });
      await plain.goto(`${portal.address}/settings`);
      await plain.getByRole("link", { name: /^Notices/ }).click();
      await plain.getByText("Mail is not set up").waitFor();
      await look(plain, "notices-off");
      await plain.getByRole("link", { name: "Mail server", exact: true }).click();
      await plain.getByLabel("Server", { exact: true }).fill("mail server");
      await plain.getByLabel("Port", { exact: true }).fill(String(server.port));
      await plain.getByLabel("Protection").selectOption("none");
      await plain.getByLabel("Sender").fill("Certificates <pki@example.org>");
      await plain.getByLabel("Operators").fill("ops@example.org\nops");
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByText(/“ops”: e-mail address is/i).waitFor();
      assert.equal(await plain.getByLabel("Port", { exact: true }).inputValue(), String(server.port));
      await look(plain, "mail-wrong");
      await plain.getByLabel("Server", { exact: true }).fill("127.0.0.1");
      await plain.getByLabel("Operators").fill("ops@example.org");
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByText("Saved. Send a test message").waitFor();
      await plain.getByLabel("To", { exact: true }).fill("nobody@example.org");
      await plain.getByRole("button", { name: "Send a test message" }).click();
      await plain.getByText("no such mailbox").waitFor();
      await look(plain, "mail-refused");
      await plain.getByLabel("To", { exact: true }).fill("ops@example.org");
      await plain.getByRole("button", { name: "Send a test message" }).click();
      await plain.getByText("has taken the test message").waitFor();
      assert.equal((await server.arrived()).length, 1);
      await look(plain, "mail-taken");

      await plain.goto(`${portal.address}/settings/notices`);
      await plain.getByRole("link", { name: "A certificate was revoked" }).click();
      await plain.getByLabel("Subject").fill("About {{Whom}}");
      await plain.getByRole("button", { name: "Preview" }).click();
      await plain.getByText("unknown variable {{Whom}}").waitFor();
      assert.equal(await plain.getByLabel("Subject").inputValue(), "About {{Whom}}");
      await look(plain, "notice-wrong");
      await plain.getByLabel("Subject").fill("{{What}} revoked");
      await plain.getByRole("button", { name: "Preview" }).click();
      await plain.getByRole("heading", { level: 2, name: "Preview" }).waitFor();
      await look(plain, "notice-preview");
      await plain.getByLabel("Send such notices").check();
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByText("such notices are sent from now on").waitFor();
      await plain.getByRole("button", { name: "Back to the standard text" }).click();
      await plain.getByText(/Your certificate was revoked/).first().waitFor();

      // Two administrators at once: the second sees both versions, and overwrites nothing unseen.
      const other = await open(browser, { state, javaScript: false });
      await other.goto(plain.url().split("?")[0]);
      await other.getByLabel("Subject").fill("Theirs: {{What}} revoked");
      await other.getByRole("button", { name: "Save" }).click();
      await other.getByText("such notices are sent from now on").waitFor();
      await plain.getByLabel("Subject").fill("Mine: {{What}} revoked");
      await plain.getByRole("button", { name: "Preview" }).click();
      await plain.getByRole("heading", { level: 2, name: "Preview" }).waitFor();
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByText("since you opened it. Nothing was saved.").waitFor();
      await plain.getByRole("cell", { name: "Theirs: {{What}} revoked" }).waitFor();
      await plain.getByRole("cell", { name: "Mine: {{What}} revoked" }).waitFor();
      assert.equal(await plain.getByLabel("Subject").inputValue(), "Mine: {{What}} revoked");
      await look(plain, "notice-conflict");
      await other.reload();
      assert.equal(await other.getByLabel("Subject").inputValue(), "Theirs: {{What}} revoked");
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByText("such notices are sent from now on").waitFor();
      assert.equal(await plain.getByLabel("Subject").inputValue(), "Mine: {{What}} revoked");
      // The mail server's settings alike.
      await plain.goto(`${portal.address}/settings/mail`);
      await other.goto(`${portal.address}/settings/mail`);
      await other.getByLabel("Sender").fill("Theirs <pki@example.org>");
      await other.getByRole("button", { name: "Save" }).click();
      await other.getByText("Saved. Send a test message").waitFor();
      await plain.getByLabel("Sender").fill("Mine <pki@example.org>");
      await plain.getByRole("button", { name: "Save" }).click();
      await plain.getByRole("cell", { name: "Theirs <pki@example.org>" }).waitFor();
      assert.equal(await plain.getByLabel("Sender").inputValue(), "Mine <pki@example.org>");
      await look(plain, "mail-conflict");
      await leave(other);
      await plain.goto(`${portal.address}/settings/notices`);
      await look(plain, "notices-on");
      await plain.getByRole("link", { name: "Letters" }).click();
      await look(plain, "letters");
      await leave(plain);
    } finally {
      await server.stop();
    }
  },
};
