import { spawnSync } from "node:child_process";
import { chmod, open, readFile, stat, utimes } from "node:fs/promises";
import { join } from "node:path";

import { createFakeRegistry } from "@store/fetch/testing";
import { digestBytes } from "@store/layout";
import { expect, it } from "vitest";

import { runStore } from "./support/run-store.ts";
import { createSandbox, type Sandbox } from "./support/sandbox.ts";

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

/** Runs the command line under strace in a sandbox. */
function createTracer({ home }: Sandbox) {
  let count = 0;
  /** What a run calls, and how it ends. */
  return async (
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly code: number | undefined; readonly calls: string }> => {
    const file = join(home, `trace-${(count += 1)}`);
    const wrapper = ["strace", "-f", "-qq", "-o", file, "-e", CALLS, "-e", "signal=none"];
    const { code } = await runStore(args, { home, wrapper, env: { ...proxies, ...env } });
    return { code, calls: await readFile(file, "utf8") };
  };
}

it.skipIf(noStrace !== undefined)(
  title("offline, no command opens a socket, whatever it is asked for"),
  { timeout: 120_000 },
  async () => {
    await using sandbox = await createSandbox();
    const path = await sandbox.writeModel("local.gguf");
    const trace = createTracer(sandbox);
    await using registry = await createFakeRegistry();
    const [online, ...offline] = await Promise.all([
      trace(["pull", `oci+http://${registry.host}/no/model`]),
      trace(["pull", path, "--offline", "--as", "local"]),
      trace(["pull", "hf.co/org/model"], { HF_HUB_OFFLINE: "1" }),
      trace(["pull", "hf.co/org/model", "--dry-run", "--offline"]),
      trace(["inspect", "hf.co/org/model", "--offline"]),
      ...locations.map((location) => trace(["pull", location, "--offline"])),
    ]);
    // The threads of Node speak over pairs and pipes, which are none of these calls.
    expect(offline.map(({ calls }) => calls)).toEqual(offline.map(() => ""));
    expect(offline.map(({ code }) => code)).toEqual([0, ...offline.slice(1).map(() => 10)]);
    expect(online?.calls).toContain("AF_INET");
  },
);

it.skipIf(noStrace !== undefined)(
  title(
    "offline, damage is found and kept apart without a socket, wherever the bytes once came from",
  ),
  { timeout: 120_000 },
  async () => {
    await using sandbox = await createSandbox();
    await using registry = await createFakeRegistry();
    const bytes = new Uint8Array(400_000).fill(7);
    const layers = [{ mediaType: "application/vnd.ollama.image.model", bytes }];
    registry.addModel("org/m", "v1", { layers });
    const place = `oci+http://${registry.host}/org/m:v1`;
    expect(await sandbox.run("pull", place)).toMatchObject({ code: 0 });
    const name = (await sandbox.run("list", "-q")).stdout.trimEnd();
    const digest = digestBytes(bytes);
    const hex = digest.slice("sha256:".length);
    await damage(join(sandbox.models, "blobs", "sha256", hex.slice(0, 2), hex, "data"));

    const trace = createTracer(sandbox);
    const asked = registry.requests.length;
    const runs = [
      await trace(["repair", name, "--offline"]),
      await trace(["repair", digest, "--from", place], { HF_HUB_OFFLINE: "1" }),
      await trace(["verify", "--repair"]),
      await trace(["repair", digest, "--offline"]),
    ];
    expect(runs.map(({ calls }) => calls)).toEqual(runs.map(() => ""));
    expect(runs.map(({ code }) => code)).toEqual([10, 10, 6, 10]);
    expect(registry.requests.length).toBe(asked);
    const online = await trace(["repair", name]);
    expect(online).toMatchObject({ code: 0, calls: expect.stringContaining("AF_INET") });
  },
);

/** Changes bytes of a file without its size or time. */
async function damage(path: string): Promise<void> {
  const { atime, mtime } = await stat(path);
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  await file.write("wrong", 100);
  await file.close();
  await chmod(path, 0o444);
  await utimes(path, atime, mtime);
}
