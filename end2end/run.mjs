// The portal in a real browser. Ends with a line "N passed, N failed"; its status is 0 only if none failed.
import { startBrowser } from "./browser.mjs";
import { startPortal } from "./portal.mjs";
import * as access from "./flows/access.mjs";
import * as account from "./flows/account.mjs";
import * as administration from "./flows/administration.mjs";
import * as authority from "./flows/authority.mjs";
import * as certificate from "./flows/certificate.mjs";
import * as certificates from "./flows/certificates.mjs";
import * as confirmations from "./flows/confirmations.mjs";
import * as device from "./flows/device.mjs";
import * as devices from "./flows/devices.mjs";
import * as directory from "./flows/directory.mjs";
import * as emptyPortal from "./flows/empty_portal.mjs";
import * as everyPage from "./flows/every_page.mjs";
import * as everywhere from "./flows/everywhere.mjs";
import * as handOuts from "./flows/hand_outs.mjs";
import * as helpdesk from "./flows/helpdesk.mjs";
import * as longImports from "./flows/long_imports.mjs";
import * as ownFiles from "./flows/own_files.mjs";
import * as persons from "./flows/persons.mjs";
import * as profile from "./flows/profile.mjs";
import * as reconciliation from "./flows/reconciliation.mjs";
import * as reports from "./flows/reports.mjs";
import * as rotation from "./flows/rotation.mjs";
import * as selfService from "./flows/self_service.mjs";

const only = process.argv[2];
const portal = await startPortal();
const browser = await startBrowser();
// What one flow leaves for the next: the signed-in state, a device, its certificates.
const world = { portal, browser };
let passed = 0;
let failed = 0;

async function run(flow, name, test) {
  if (only && !flow.needed?.includes(name) && !name.includes(only)) return;
  const begun = performance.now();
  const took = () => `${((performance.now() - begun) / 1000).toFixed(1)} s`;
  try {
    await test(world);
    passed += 1;
    console.log(`ok      ${name} (${took()})`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name} (${took()})\n${error.stack ?? error}\n`);
  }
}

async function inOrder(flows) {
  for (const flow of flows) {
    for (const [name, test] of Object.entries(flow.tests)) await run(flow, name, test);
  }
}

try {
  // What has a portal of its own needs nothing that others leave.
  await Promise.all([
    inOrder([
      account,
      device,
      devices,
      profile,
      certificate,
      administration,
      authority,
      directory,
      certificates,
      access,
      helpdesk,
      persons,
      handOuts,
      reports,
      longImports,
      everywhere,
      selfService,
      confirmations,
      ownFiles,
      reconciliation,
      rotation,
      everyPage,
    ]),
    inOrder([emptyPortal]),
  ]);
} finally {
  await browser.close();
  if (failed > 0) console.log(`The portal said:\n${portal.log()}`);
  await portal.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
