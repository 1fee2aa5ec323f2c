// A real mail server (aiosmtpd) for one flow.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const root = new URL("..", import.meta.url).pathname;

function python() {
  const own = join(root, "target/tools/python/bin");
  const folders = [own, ...(process.env.PATH ?? "").split(delimiter)];
  const found = folders.find((folder) => existsSync(join(folder, "aiosmtpd")));
  if (!found) throw new Error("aiosmtpd is missing: `cargo xtask test` installs it");
  return join(found, "python");
}

export async function startMailServer() {
  const folder = await mkdtemp(join(tmpdir(), "certporter-mail-"));
  const file = join(folder, "arrived");
  await writeFile(file, "");
  const script = join(root, "tests/notices/server.py");
  const child = spawn(python(), [script, file, "0", "none", "", ""], { stdio: ["ignore", "pipe", "inherit"] });
  const port = await new Promise((resolve, reject) => {
    child.stdout.once("data", (chunk) => resolve(Number(String(chunk).trim())));
    child.once("exit", (code) => reject(new Error(`the mail server ended with ${code}`)));
  });
  return {
    port,
    arrived: async () => (await readFile(file, "utf8")).split("\n").filter(Boolean).map((line) => JSON.parse(line)),
    stop: async () => {
      child.removeAllListeners("exit");
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
