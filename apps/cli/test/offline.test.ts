import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { createFakeRegistry } from "@store/fetch/testing";
import { expect, it } from "vitest";

import { runStore } from "./support/run-store.ts";
import { createSandbox } from "./support/sandbox.ts";

const noStrace =
  spawnSync("strace", ["-V"], { stdio: "ignore" }).error === undefined
    ? undefined
    : "strace is not installed";

/** System calls by which a process reaches another machine, or asks for a name. */
const CALLS = "trace=socket,connect,bind,sendto,sendmsg,sendmmsg";

const proxies = { ALL_PROXY: "http://127.0.0.1:1", HF_TOKEN: "hf_x" };

/** What every kind of place is called. */
const locations = [
  "hf.co/org/model:Q8_0",
  "ollama://llama3.2:1b",
  "ghcr.io/org/model:tag",
  "oci+http://127.0.0.1:5000/org/model",
  "https://127.0.0.1:1/model.gguf",
];

const title = (text: string): string => (noStrace === undefined ? text : `${text} (${noStrace})`);

it.skipIf(noStrace !== undefined)(
  title("offline, no command opens a socket, whatever it is asked for"),
  { timeout: 120_000 },
  async () => {
    await using sandbox = await createSandbox();
    const { home } = sandbox;
    const path = await sandbox.writeModel("local.gguf");

    /** What a run of the command line calls, and how it ends. */
    async function trace(
      id: number,
      args: readonly string[],
      env: Readonly<Record<string, string>> = {},
    ): Promise<{ readonly code: number | undefined; readonly calls: string }> {
      const file = join(home, `trace-${id}`);
      const wrapper = ["strace", "-f", "-qq", "-o", file, "-e", CALLS, "-e", "signal=none"];
      const { code } = await runStore(args, { home, wrapper, env: { ...proxies, ...env } });
      return { code, calls: await readFile(file, "utf8") };
    }

    await using registry = await createFakeRegistry();
    const [online, ...offline] = await Promise.all([
      trace(0, ["pull", `oci+http://${registry.host}/no/model`]),
      trace(1, ["pull", path, "--offline", "--as", "local"]),
      trace(2, ["pull", "hf.co/org/model"], { HF_HUB_OFFLINE: "1" }),
      trace(3, ["pull", "hf.co/org/model", "--dry-run", "--offline"]),
      trace(4, ["inspect", "hf.co/org/model", "--offline"]),
      ...locations.map((location, at) => trace(at + 5, ["pull", location, "--offline"])),
    ]);
    // The threads of Node speak over pairs and pipes, which are none of these calls.
    expect(offline.map(({ calls }) => calls)).toEqual(offline.map(() => ""));
    expect(offline.map(({ code }) => code)).toEqual([0, ...offline.slice(1).map(() => 10)]);
    expect(online?.calls).toContain("AF_INET");
  },
);
