// A real server for the tests: started once, in a folder of its own, on a free port of 127.0.0.1.
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  export interface ProvidedContext {
    url: string;
    key: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "horarium-typescript-"));
  const python = process.env.PYTHON ?? "python3";
  const server = spawn(python, ["-m", "horarium", "serve", "--data", folder, "--port", "0", "--allow-loopback"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  const url = await new Promise<string>((resolve, reject) => {
    let said = "";
    server.stdout.on("data", (data: Buffer) => {
      said += data.toString();
      const found = / listens at (\S+)/.exec(said);
      if (found?.[1]) resolve(found[1]);
    });
    server.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
  });
  project.provide("url", url);
  project.provide("key", (await readFile(join(folder, "admin.key"), "utf-8")).trim());
  return async () => {
    server.kill();
    await ended;
    await rm(folder, { recursive: true });
  };
}
