// Every page that can be reached by links, on a portal in use: it answers, fits, is accessible in light and dark, is
// small, and nothing in it jumps.
import assert from "node:assert/strict";
import { fits, heed, isAccessible, open, picture, widths } from "../browser.mjs";

const firstVisit = 150_000;
const uuid = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

// One page stands for all that differ by an id, a number or a query only.
const kind = (address) => address.pathname.replace(uuid, "ID").replace(/\/\d+(?=\/|$)/g, "/N");

const name = (label, address) => `${label}${kind(address).replaceAll("/", "-")}`;

// What is no page: files, streams of events, what is said to be downloaded.
const isPage = (address) => !/\/(download|events|export|pkg)(\/|\.|$)|\.(csv|json|crl|cer|pem|der)$/.test(address.pathname);

async function links(page) {
  const found = await page.$$eval("a[href]:not([download])", (all) => all.map((a) => a.href));
  const here = new URL(page.url()).origin;
  const plain = (href) => Object.assign(new URL(href), { hash: "" });
  return found.map(plain).filter((to) => to.origin === here && isPage(to));
}

async function shift(page) {
  return page.evaluate(
    () =>
      new Promise((resolve) => {
        let moved = 0;
        const what = new Set();
        const observer = new PerformanceObserver((list) => {
          for (const entry of list.getEntries()) {
            moved += entry.value;
            for (const { node } of entry.sources) what.add(`${node?.nodeName.toLowerCase()}.${node?.className}`);
          }
        });
        observer.observe({ type: "layout-shift", buffered: true });
        requestAnimationFrame(() => requestAnimationFrame(() => resolve({ moved, what: [...what].join(", ") })));
      }),
  );
}

async function weigh(browser, state, address) {
  const page = await open(browser, { state });
  let octets = 0;
  const seen = [];
  page.on("requestfinished", (request) => {
    seen.push(
      request.sizes().then(
        (sizes) => {
          octets += sizes.responseBodySize + sizes.responseHeadersSize;
        },
        () => {}, // The page was closed before the browser had counted.
      ),
    );
  });
  await page.goto(address.href, { waitUntil: "load" });
  await Promise.allSettled(seen);
  await page.context().close();
  return octets;
}

// How many pages are looked at at the same time: a browser waits as much as it computes.
const lanes = 2;

export async function walk({ browser, state, portal, label }) {
  const waiting = [new URL("/", portal.address)];
  const known = new Set(waiting.map(kind));
  const faults = [];
  let heaviest = [0, ""];
  const lookAt = async (address, light, dark) => {
    const check = async (what) => {
      try {
        await what();
      } catch (error) {
        faults.push(`${address.pathname}: ${error.message}`);
      }
    };
    await light.setViewportSize(widths.wide);
    const answer = await light.goto(address.href);
    if (new URL(light.url()).pathname === "/sign-in") throw new Error("nobody is signed in");
    if (answer.status() !== 200) {
      faults.push(`${address.pathname} answers ${answer.status()}`);
      return;
    }
    for (const to of await links(light)) {
      if (known.has(kind(to))) continue;
      known.add(kind(to));
      waiting.push(to);
    }
    const called = name(label, address);
    const { moved, what } = await shift(light);
    await check(() => assert.ok(moved < 0.01, `something jumps while it loads (${moved.toFixed(3)}): ${what}`));
    await check(() => isAccessible(light, called));
    await picture(light, called, "wide");
    await light.setViewportSize(widths.narrow);
    await check(() => fits(light, called));
    await picture(light, called, "narrow");
    await dark.setViewportSize(widths.narrow);
    await dark.goto(address.href);
    await check(() => isAccessible(dark, `${called} in dark colours`));
    await dark.setViewportSize(widths.wide);
    await picture(dark, called, "dark");
    await check(() => heed(light, called));
    const octets = await weigh(browser, state, address);
    if (octets > heaviest[0]) heaviest = [octets, address.pathname];
    await check(async () => assert.ok(octets <= firstVisit, `${octets} octets on the first visit`));
  };
  // One after the other, until nothing is left or so many were seen.
  const lane = async (most = Infinity) => {
    const light = await open(browser, { state });
    const dark = await open(browser, { state, colours: "dark" });
    for (let seen = 0; seen < most && waiting.length > 0; seen += 1) await lookAt(waiting.shift(), light, dark);
    await light.context().close();
    await dark.context().close();
  };
  // The first page leads to enough others for all lanes.
  await lane(1);
  while (waiting.length > 0) await Promise.all(Array.from({ length: lanes }, () => lane()));
  console.log(`        ${known.size} pages; the heaviest is ${heaviest[1]} with ${(heaviest[0] / 1000).toFixed(0)} kB`);
  assert.ok(known.size > 10, `only ${[...known].join(", ")} was reached`);
  assert.deepEqual(faults, []);
}

export const tests = {
  "every page of a portal in use is well made": async ({ browser, portal, state }) => {
    await walk({ browser, state, portal, label: "used" });
  },
};
