import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";

import { accepts, findPort } from "./ports.ts";

/** Why there is no real proxy here, or `undefined` if there is. */
export const noTinyproxy: string | undefined =
  spawnSync("tinyproxy", ["-v"], { stdio: "ignore" }).error === undefined
    ? undefined
    : "tinyproxy is not installed";

export interface Tinyproxy extends AsyncDisposable {
  readonly host: string;
}

/** Tinyproxy on the loopback interface, which wants `me:hush`. */
export async function startTinyproxy(directory: string): Promise<Tinyproxy> {
  const port = await findPort();
  const config = join(directory, "tinyproxy.conf");
  const lines = [
    `Port ${port}`,
    "Listen 127.0.0.1",
    "Timeout 60",
    "MaxClients 50",
    "BasicAuth me hush",
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  const child = spawn("tinyproxy", ["-d", "-c", config], { stdio: "ignore" });
  const exit = once(child, "exit");
  while (!(await accepts(port))) {
    if (child.exitCode !== null) throw new Error(`tinyproxy ended with ${child.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill();
      await exit;
    },
  };
}
