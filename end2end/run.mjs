// The portal in a real browser. Ends with a line "N passed, N failed"; its status is 0 only if none failed.
import { startBrowser } from "./browser.mjs";
import { startPortal } from "./portal.mjs";
import * as access from "./flows/access.mjs";
import * as account from "./flows/account.mjs";
import * as administration from "./flows/administration.mjs";
import * as authority from "./flows/authority.mjs";
import * as certificate from "./flows/certificate.mjs";
import * as certificates from "./flows/certificates.mjs";
import * as device from "./flows/device.mjs";
import * as devices from "./flows/devices.mjs";
import * as directory from "./flows/directory.mjs";
import * as everyPage from "./flows/every_page.mjs";
import * as everywhere from "./flows/everywhere.mjs";
import * as handOuts from "./flows/hand_outs.mjs";
import * as helpdesk from "./flows/helpdesk.mjs";
import * as longImports from "./flows/long_imports.mjs";
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
try {
  for (const flow of [
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
    handOuts,
    reports,
    longImports,
    everywhere,
    selfService,
    reconciliation,
    rotation,
    everyPage,
  ]) {
    for (const [name, test] of Object.entries(flow.tests)) {
      if (only && !flow.needed?.includes(name) && !name.includes(only)) continue;
      try {
        await test(world);
        passed += 1;
        console.log(`ok      ${name}`);
      } catch (error) {
        failed += 1;
        console.log(`FAILED  ${name}\n${error.stack ?? error}\n`);
      }
    }
  }
} finally {
  await browser.close();
  if (failed > 0) console.log(`The portal said:\n${portal.log()}`);
  await portal.stop();
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
