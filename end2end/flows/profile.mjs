// A profile is authored, tried, saved in versions, exported, imported and deleted; with JavaScript and without.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";

const address = (world, path) => `${world.portal.address}${path}`;

async function editor(world, javaScript, path) {
  const page = await open(world.browser, { state: world.state, javaScript });
  await page.goto(address(world, path));
  return page;
}

// Posts a form as the page would send it, with some values changed.
async function send(page, world, path, changes) {
  const fields = await page.locator("form.editor").evaluate((form) => {
    const input = (el) => el.name && !["checkbox", "radio"].includes(el.type) && el.tagName !== "BUTTON";
    return [...form.elements].filter((el) => input(el) || el.checked).map((el) => [el.name, el.value]);
  });
  const body = new URLSearchParams(fields);
  for (const [name, value] of Object.entries(changes)) body.set(name, value);
  return page.context().request.post(address(world, path), {
    data: body.toString(),
    headers: {
      origin: world.portal.address,
      "sec-fetch-site": "same-origin",
      "content-type": "application/x-www-form-urlencoded",
    },
    maxRedirects: 0,
  });
}

export const tests = {
  "an empty list of profiles leads to what a new one begins with": async (world) => {
    const page = await editor(world, false, "/profiles?q=nothing-like-this");
    await page.getByText("No profile is called like this").waitFor();
    await page.goto(address(world, "/profiles"));
    await page.getByRole("link", { name: /profile$/ }).first().click();
    await page.getByRole("heading", { level: 1, name: "New profile" }).waitFor();
    await look(page, "profile-start");
    await page.getByRole("link", { name: "S/MIME per user" }).click();
    await page.getByLabel("Name", { exact: true }).waitFor();
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "S/MIME");
    await page.context().close();
  },

  "profile: rows of names come and go without JavaScript": async (world) => {
    const page = await editor(world, false, "/profiles/new?preset=network");
    await page.getByLabel("Description").fill("kept </textarea>");
    await page.getByRole("button", { name: "Add a name" }).click();
    await page.getByLabel("Name 3", { exact: true }).fill("{{EmailAddress}}");
    await page.getByRole("button", { name: "Remove name 1" }).click();
    assert.equal(await page.getByLabel("Name 2", { exact: true }).inputValue(), "{{EmailAddress}}");
    assert.equal(await page.getByLabel("Name 3", { exact: true }).count(), 0);
    assert.equal((await page.getByLabel("Description").inputValue()).trim(), "kept </textarea>");
    await page.context().close();
  },

  "profile: bad input is named and nothing is lost": async (world) => {
    const page = await editor(world, false, "/profiles/new?preset=network");
    const wrong = [
      [{ subject: "CN={{Nobody}}" }, "subject", /is one of \{\{UserName\}\}/],
      [{ subject: "CN={{UserName" }, "subject", /closes every \{\{/],
      [{ validity_days: "3650" }, "validity_days", /own certificate ends in 36\d\d days: choose at most as many/],
      [{ validity_days: "a year" }, "validity_days", /whole number of days/],
      [{ further_usages: "1.2.x" }, "further_usages", /1\.2\.x/],
    ];
    for (const [changes, field, message] of wrong) {
      const answer = await send(page, world, "/profiles/new", { name: "Bad", do: "save", ...changes });
      assert.equal(answer.status(), 422, JSON.stringify(changes));
      const text = await answer.text();
      assert.match(text, message);
      assert.ok(text.includes(`href="#${field}"`), `${field} is not led to`);
    }
    await page.getByLabel("Subject", { exact: true }).fill("CN={{UserName");
    await page.getByRole("button", { name: "Create the profile" }).click();
    await page.getByText(/Pattern closes every/).first().waitFor();
    assert.equal(await page.getByLabel("Subject", { exact: true }).inputValue(), "CN={{UserName");
    await look(page, "profile-wrong");
    await page.context().close();
  },

  "profile: the preview shows what was typed, for whom was picked": async (world) => {
    const page = await editor(world, true, "/profiles/new?preset=network");
    const preview = page.getByRole("complementary", { name: "Preview" });
    await page.getByLabel("Subject", { exact: true }).fill("CN={{DeviceName}},O=Preview");
    await preview.getByRole("button", { name: "Preview" }).click();
    await preview.getByText("CN=anna-laptop,O=Preview").waitFor();
    await preview.getByLabel("For a user or device").fill("reception");
    await preview.getByRole("button", { name: "Preview" }).click();
    await preview.getByText(/CN=.*reception/).waitFor();
    await page.getByLabel("Subject", { exact: true }).fill("CN={{UserName}}");
    await look(page, "profile-editor");
    await page.context().close();
  },

  "profile: what is typed is checked at once, and the preview follows": async (world) => {
    const page = await editor(world, true, "/profiles/new?preset=network");
    const preview = page.getByRole("complementary", { name: "Preview" });
    const subject = page.getByLabel("Subject", { exact: true });
    await page.evaluate(() => (window.opened = true));
    await subject.fill("CN={{Nobody}}");
    const wrong = page.locator("#subject-wrong");
    await wrong.getByText(/is one of \{\{UserName\}\}/).waitFor();
    assert.equal(await subject.getAttribute("aria-invalid"), "true");
    await look(page, "profile-checked");
    await subject.fill("CN={{DisplayName}}");
    await wrong.getByText(/is one of/).waitFor({ state: "detached" });
    assert.equal(await subject.getAttribute("aria-invalid"), null);
    await preview.getByLabel("For a user or device").fill("anna");
    await preview.getByText("CN=Anna Åström").waitFor();
    await preview.getByLabel(/^Anna Åström/).check();
    await preview.getByText("anna@example.org").first().waitFor();
    await page.getByLabel("Name 1", { exact: true }).fill("{{EmailAddress");
    await page.locator('[id="subject_alternative_names[0]-wrong"]').getByText(/closes every/).waitFor();
    await page.getByLabel("Validity", { exact: true }).fill("0");
    await page.locator("#validity_days-wrong").getByText(/1 to 3650 days/).waitFor();
    assert.equal(await page.evaluate(() => window.opened), true, "the page was loaded again");
    await page.context().close();

    const blank = await editor(world, true, "/profiles/new?preset=blank");
    await blank.getByLabel("Name", { exact: true }).fill("Only a name");
    await blank.getByRole("radio", { name: "The device" }).check();
    await blank.getByLabel("Subject", { exact: true }).fill("CN={{UserName}}");
    await blank.locator("#subject-wrong").getByText(/is the user.s/).waitFor();
    assert.equal(await blank.locator("#platforms-wrong .wrong").count(), 0, "nobody came to the platforms yet");
    await blank.context().close();
  },

  "profile: the preview works without JavaScript": async (world) => {
    const page = await editor(world, false, "/profiles/new?preset=mail");
    await page.getByLabel("Subject", { exact: true }).fill("CN={{DisplayName}},OU={{OnPremisesSamAccountName}}");
    await page.getByLabel("For a user or device").fill("anna");
    await page.getByRole("button", { name: "Preview" }).click();
    const preview = page.getByRole("complementary", { name: "Preview" });
    await preview.getByText("anna@example.org").waitFor();
    await preview.getByText("{{OnPremisesSamAccountName}} has no value").waitFor();
    await preview.getByRole("link", { name: "Fill it in: Anna Åström" }).waitFor();
    await page.context().close();
  },

  "a profile is made without JavaScript": async (world) => {
    const page = await editor(world, false, "/profiles/new?preset=network");
    await page.getByLabel("Name", { exact: true }).fill("Guest <b>Wi-Fi</b>");
    await page.getByRole("button", { name: "Create the profile" }).click();
    await page.getByText("The profile is made").waitFor();
    await look(page, "profile");
    world.profile = new URL(page.url()).pathname.split("/").pop();
    const again = await editor(world, false, "/profiles/new?preset=network");
    const taken = await send(again, world, "/profiles/new", { name: "guest <b>wi-fi</b>", do: "save" });
    assert.equal(taken.status(), 422);
    assert.match(await taken.text(), /already in use/);
    await again.context().close();
    await page.context().close();
  },

  "a profile that is in use shows what an edit comes to, now and at renewal": async (world) => {
    const list = await world.rest("GET", "/profiles?q=Wi-Fi%20%26%20VPN");
    const id = list.data[0].id;
    const page = await editor(world, false, `/profiles/${id}/edit`);
    await page.getByLabel("Validity", { exact: true }).fill("180");
    await page.getByRole("button", { name: "Go on to what follows" }).click();
    await page.getByRole("heading", { level: 1, name: /^Save / }).waitFor();
    await page.getByText("365 days").waitFor();
    await page.getByLabel("At renewal", { exact: true }).check();
    await look(page, "profile-confirm");
    await page.getByRole("button", { name: /^Save version/ }).click();
    await page.getByText(/Version \d+ is saved/).waitFor();
    await page.getByRole("link", { name: /^Version \d+$/ }).first().click();
    await page.getByRole("heading", { level: 2, name: "What it changed" }).waitFor();
    await look(page, "profile-version");
    await page.context().close();
  },

  "two who edit the same profile lose nothing": async (world) => {
    const page = await editor(world, false, `/profiles/${world.profile}/edit`);
    const now = await world.rest("GET", `/profiles/${world.profile}`);
    const answer = await fetch(address(world, `/api/v1/profiles/${world.profile}`), {
      method: "PUT",
      headers: {
        authorization: `Bearer ${world.token}`,
        "content-type": "application/json",
        "if-match": `"${now.version}"`,
      },
      body: JSON.stringify({ profile: { ...now.profile, validity_days: 77 } }),
    });
    assert.equal(answer.status, 200, await answer.text());
    await page.getByLabel("Description").fill("Mine");
    await page.getByRole("button", { name: "Go on to what follows" }).click();
    await page.getByText(/since you opened it/).waitFor();
    await look(page, "profile-conflict");
    await page.getByRole("button", { name: "Go on with both changes" }).click();
    await page.getByText("Both changes are in here").waitFor();
    assert.equal(await page.getByLabel("Validity", { exact: true }).inputValue(), "77");
    assert.equal((await page.getByLabel("Description").inputValue()).trim(), "Mine");
    await page.getByRole("button", { name: "Go on to what follows" }).click();
    await page.getByRole("button", { name: /^Save version 3/ }).click();
    await page.getByText("Version 3 is saved").waitFor();
    await page.context().close();
  },

  "a profile goes out as JSON and comes in again": async (world) => {
    const page = await editor(world, false, `/profiles/${world.profile}`);
    const answer = await page.context().request.get(address(world, `/profiles/${world.profile}/export`));
    const text = await answer.text();
    assert.match(answer.headers()["content-disposition"], /guest-b-wi-fi-b\.profile\.json/);
    await page.goto(address(world, "/profiles/import"));
    await look(page, "profile-import");
    await page.getByLabel(/Or paste the JSON/).fill(text.replace('"template"', '"tmplate"'));
    await page.getByRole("button", { name: "Open in the editor" }).click();
    await page.getByText(/tmplate.*there is no such field/i).waitFor();
    await page.getByLabel("File", { exact: true }).setInputFiles({
      name: "profile.json",
      mimeType: "application/json",
      buffer: Buffer.from(text),
    });
    await page.getByRole("button", { name: "Open in the editor" }).click();
    await page.getByText("so this one got a number").waitFor();
    assert.equal(await page.getByLabel("Name", { exact: true }).inputValue(), "Guest <b>Wi-Fi</b> (2)");
    await page.context().close();
  },

  "a profile is deleted after its consequences were shown": async (world) => {
    const page = await editor(world, false, `/profiles/${world.profile}`);
    await page.getByRole("link", { name: /^Delete/ }).click();
    await page.getByText("Nothing follows from this").waitFor();
    await look(page, "profile-delete");
    await page.getByRole("button", { name: "Delete this profile" }).click();
    await page.getByText(/The profile Guest .* is deleted/).waitFor();
    await look(page, "profiles");
    await page.context().close();
  },
};
