// A real OpenBao with a PKI mount, on a free port; it ends with the test.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = "root-of-this-test";

function program() {
  const beside = join(dirname(process.env.CERTPORTER), "../tools/python/bin");
  const ours = fileURLToPath(new URL("../target/tools/python/bin", import.meta.url));
  const folders = [beside, ours, ...process.env.PATH.split(delimiter)];
  const found = folders.map((folder) => join(folder, "bao")).find((file) => existsSync(file));
  if (!found) throw new Error("bao is missing: cargo xtask test installs it");
  return found;
}

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

export async function startOpenBao() {
  const home = await mkdtemp(join(tmpdir(), "certporter-openbao-"));
  const address = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    program(),
    ["server", "-dev", "-dev-no-store-token", `-dev-root-token-id=${root}`, `-dev-listen-address=${address.slice(7)}`],
    { stdio: "ignore", env: { ...process.env, HOME: home } },
  );
  const ask = async (path, body) => {
    const answer = await fetch(`${address}/v1/${path}`, {
      method: body ? "POST" : "GET",
      headers: { "X-Vault-Token": root },
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  };
  const until = Date.now() + 60_000;
  for (;;) {
    try {
      await ask("sys/health");
      break;
    } catch (error) {
      if (Date.now() > until) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  await ask("sys/mounts/pki", { type: "pki", config: { max_lease_ttl: "87600h" } });
  const ca = { common_name: "Example Root", ttl: "80000h", key_type: "ec", key_bits: 256 };
  await ask("pki/root/generate/internal", ca);
  return {
    address,
    token: root,
    ask,
    stop: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGKILL");
      await ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}
