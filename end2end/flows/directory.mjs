// Users, groups, assignments and imports, as an administrator makes them: mostly without JavaScript.
import assert from "node:assert/strict";
import { look, open } from "../browser.mjs";
import { restOf } from "../portal.mjs";

const profile = {
  name: "Office network",
  platforms: ["linux"],
  subject_type: "user",
  key_scope: "device",
  subject: "CN={{UserName}}",
  key_algorithm: "ec-p256",
  key_usage: { digital_signature: true },
  extended_key_usages: ["1.3.6.1.5.5.7.3.2"],
  validity_days: 365,
  renewal_threshold_percent: 20,
  features: ["wifi"],
  escrow: "none",
};

async function restFor(world) {
  if (!world.directoryRest) {
    const said = await world.portal.onData("token create", "--name", "directory", "--role", "administrator");
    world.directoryRest = restOf(world.portal, said.match(/cp_\S+/)[0]);
  }
  return world.directoryRest;
}

const wrong = "user_name,email\r\nida,ida@example.org\r\nnoor,no address\r\nIDA,ida@example.org\r\n";
const right = "user_name,display_name,email\r\nida,\"Ødegård, Ida\",ida@example.org\r\nnoor,<b>Noor</b>,\r\n";

export const tests = {
  "directory: a file with errors is mended and imported whole": async ({ browser, portal, state }) => {
    const page = await open(browser, { state, javaScript: false });
    await page.goto(`${portal.address}/imports/new`);
    await look(page, "import-new");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Choose a file, or paste its text below").waitFor();
    await page.getByLabel("Or paste it").fill("colour\nred");
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("users have user_name").waitFor();
    assert.equal(await page.getByLabel("Or paste it").inputValue(), "colour\nred");

    await page.getByLabel("Or paste it").fill(wrong);
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByRole("cell", { name: "Line 3" }).waitFor();
    await page.getByRole("cell", { name: "Line 4" }).waitFor();
    assert.equal(await page.getByRole("button", { name: /^Import/ }).count(), 0);
    await look(page, "import-errors");

    await page.getByRole("link", { name: "Check a mended file" }).click();
    const file = { name: "people.csv", mimeType: "text/csv", buffer: Buffer.from(`\ufeff${right}`) };
    await page.getByLabel("CSV file").setInputFiles(file);
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("2 users created").waitFor();
    await look(page, "import-checked");
    await page.getByRole("button", { name: "Import 2 users" }).click();
    await page.getByText("Imported as a whole").waitFor();
    await page.reload();
    await page.getByText("Imported as a whole").waitFor();
    await look(page, "import-done");
    await page.getByRole("link", { name: "To the imported users" }).click();
    await page.getByRole("link", { name: "<b>Noor</b>" }).waitFor();
    await look(page, "users");

    await page.goto(`${portal.address}/imports/new`);
    await page.getByLabel("CSV file").setInputFiles(file);
    await page.getByRole("button", { name: "Check the file" }).click();
    await page.getByText("Nothing to import").waitFor();
    await page.getByRole("button", { name: "Discard the file" }).click();
    await page.getByRole("heading", { level: 1, name: "Imports" }).waitFor();
    await look(page, "imports");
    await page.context().close();
  },

  "directory: a user is written, and two edits at once are told apart": async (world) => {
    const page = await open(world.browser, { state: world.state, javaScript: false });
    await page.goto(`${world.portal.address}/users/new`);
    await page.getByLabel("User name").fill("lea");
    await page.getByLabel("E-mail address").fill("lea at example");
    await page.getByRole("button", { name: "Create the user" }).click();
    await page.locator("#email-wrong").waitFor();
    assert.equal(await page.getByLabel("User name").inputValue(), "lea");
    await look(page, "user-new-wrong");
    await page.getByLabel("E-mail address").fill("lea@example.org");
    await page.getByText("From the directory, and further attributes").click();
    await page.getByLabel("Name of attribute 1").fill("room");
    await page.getByLabel("Value of attribute 1").fill("7");
    await page.getByRole("button", { name: "Create the user" }).click();
    await page.getByText("The user was created").waitFor();
    await page.getByText("Attribute room").waitFor();

    const address = page.url().replace(/\?.*/, "");
    world.lea = address.split("/").pop();
    await page.goto(`${address}/edit`);
    const rest = await restFor(world);
    await rest("POST", `/users/${world.lea}/block`, {});
    await page.getByLabel("Display name").fill("Lea L.");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText(/since you opened it/).waitFor();
    assert.equal(await page.getByLabel("Display name").inputValue(), "Lea L.");
    await look(page, "user-changed");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "Lea L." }).waitFor();
    await page.getByRole("link", { name: "Unblock" }).click();
    await page.getByRole("button", { name: "Show what will follow" }).click();
    await page.getByRole("button", { name: "Unblock Lea L." }).click();
    await page.getByText("The block was lifted").waitFor();
    await page.context().close();
  },

  "directory: members and profiles come to a group, and it is said who gets what and why": async (world) => {
    const rest = await restFor(world);
    await rest("POST", "/profiles", profile);
    await rest("POST", "/devices", { name: "lea-laptop", platform: "linux", owner: world.lea });
    await rest("POST", "/devices", { name: "lea-phone", platform: "ios", owner: world.lea });
    const page = await open(world.browser, { state: world.state, javaScript: false });
    await page.goto(`${world.portal.address}/groups/new`);
    await page.getByLabel("Name", { exact: true }).fill("Field service");
    await page.getByRole("button", { name: "Create the group" }).click();
    await page.getByText("The group was created").waitFor();
    await look(page, "group-new");
    const address = page.url().replace(/\?.*/, "");
    await page.getByLabel(/Find a person/).fill("lea");
    await page.getByRole("button", { name: "Find", exact: true }).click();
    await look(page, "group-search");
    await page.getByRole("button", { name: "Add Lea L." }).click();
    await page.getByRole("table", { name: "Members" }).getByText("Lea L.").waitFor();

    await page.getByRole("combobox", { name: /^Profile/ }).selectOption({ label: "Office network" });
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByRole("heading", { name: "What will follow" }).waitFor();
    await look(page, "assignment-preview");
    await page.getByRole("button", { name: /^Assign Office network to Field service/ }).click();
    await page.getByText("Done.").waitFor();
    await look(page, "group");

    await page.getByRole("link", { name: "Lea L." }).click();
    const why = page.getByRole("table", { name: "Profiles and why they reach or don't" });
    await why.getByText("The platform ios is not among the profile's.").waitFor();
    await why.getByText("The device is not enrolled yet.").first().waitFor();
    await look(page, "user");

    const around = await rest("POST", "/groups", { name: "Contractors" });
    await rest("POST", `/groups/${around.id}/members`, { kind: "group", id: address.split("/").pop() });
    await page.goto(`${world.portal.address}/groups/${around.id}`);
    await page.getByRole("combobox", { name: /^Profile/ }).selectOption({ label: "Office network" });
    await page.getByLabel("How").selectOption({ label: "Members never get it" });
    await page.getByRole("button", { name: "Assign", exact: true }).click();
    await page.getByRole("button", { name: /^Exclude Contractors from Office network/ }).click();
    await page.goto(`${world.portal.address}/users/${world.lea}`);
    await why.getByText(/Excluded by group Contractors, through the user's group Field service/).first().waitFor();
    await why.getByRole("link", { name: "Contractors" }).first().click();
    await page.getByRole("button", { name: "End the assignment to Office network" }).click();
    await page.getByRole("button", { name: /^End the assignment of Office network to Contractors/ }).click();
    await page.getByText("No profile is assigned to this group itself").waitFor();
    await page.getByRole("link", { name: "Delete" }).click();
    await page.getByRole("button", { name: /^Delete Contractors/ }).click();
    await page.getByText("The group was deleted").waitFor();
    await look(page, "groups");
    await page.context().close();
  },

  "directory: the same in dark colours": async ({ browser, portal, state, lea }) => {
    const page = await open(browser, { state, colours: "dark" });
    await page.goto(`${portal.address}/users/${lea}`);
    await look(page, "user-dark");
    await page.goto(`${portal.address}/profiles`);
    await page.context().close();
  },
};
