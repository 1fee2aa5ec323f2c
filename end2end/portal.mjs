// Starts the real executable on free ports with a data folder of its own, and runs its other commands.
import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

const executable = process.env.CERTPORTER;
if (!executable) throw new Error("CERTPORTER names the executable; cargo xtask test sets it");
const run = promisify(execFile);

export async function startPortal() {
  const folder = await mkdtemp(join(tmpdir(), "certporter-end2end-"));
  const data = join(folder, "data");
  const any = "127.0.0.1:0";
  const child = spawn(
    executable,
    ["serve", "--data", data, "--listen", any, "--device-listen", any, "--pki-listen", any],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  const portal = await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the portal did not start:\n${said}`)), 60_000);
    const hear = (chunk) => {
      said += chunk;
      const plain = said.replace(/\u001b\[[0-9;]*m/g, "");
      const found = (pattern) => plain.match(pattern)?.[1];
      const setUp = found(/(http:\/\/\S+\/setup\?code=\S+)/);
      const address = found(/portal=(http:\S+)/);
      const devices = found(/devices=(https:\S+)/);
      const pki = found(/pki=(http:\S+)/);
      if (setUp && address && devices) {
        clearTimeout(late);
        resolve({ setUp, address, devices, pki });
      }
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("exit", (code) => reject(new Error(`the portal ended with ${code}:\n${said}`)));
  });
  return {
    ...portal,
    folder,
    log: () => said,
    // Runs a command of the executable; with `data`, on this portal's data folder.
    command: async (...args) => (await run(executable, args, { timeout: 120_000 })).stdout,
    onData: async (name, ...args) =>
      (await run(executable, [...name.split(" "), "--data", data, ...args], { timeout: 120_000 })).stdout,
    stop: async () => {
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// The REST API, with a token made on the host.
export function restOf(portal, token) {
  return async (method, path, body, further = {}) => {
    const answer = await fetch(`${portal.address}/api/v1${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body && { "content-type": "application/json" }), ...further },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
}
