import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

import { createContent } from "@store/layout/testing";
import { digestBytes } from "@store/layout";
import { expect, it } from "vitest";

import { createHuggingFaceSource, pull, type PullEvent } from "../../src/index.ts";
import { createFakeHub } from "../../src/testing/index.ts";
import { openPorts } from "../open-ports.ts";

const MIB = 1024 * 1024;
const FULL = process.env["STORE_TEST_FULL"] !== undefined;
const KILLS = FULL ? 100 : 5;
const SIZE = (FULL ? 1024 : 96) * MIB + 4_321;
/** What an ingest makes durable at once. */
const CHECKPOINT_BYTES = 64 * MIB;
/** All buffers of a process: what is received and not yet written. */
const BUFFER_BYTES = 40 * MIB;

const script = fileURLToPath(new URL("../pull-child.ts", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRunTypeScript = major > 22 || (major === 22 && minor >= 18);

/** Seeded, so that a failure comes again. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Pulls in a process that is killed once it has received so much; answers what it resumed and had. */
async function pullAndKill(
  root: string,
  endpoint: string,
  killAt: number,
): Promise<{ resumed: number; received: number }> {
  const child = spawn(
    process.execPath,
    ["--conditions=@store/source", script, root, endpoint, "hf.co/org/big"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let resumed = 0;
  let received = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as PullEvent;
    if (event.kind === "file-start") resumed = event.resumedBytes;
    if (event.kind === "progress") ({ received } = event);
    if (received - resumed >= killAt) child.kill("SIGKILL");
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { resumed, received: Math.max(received, resumed) };
}

it.skipIf(!canRunTypeScript)(
  `a pull killed at ${KILLS} random instants loses a checkpoint at most each time, and ends right${
    canRunTypeScript ? "" : " (skipped: this Node runs no TypeScript)"
  }`,
  async () => {
    const content = createContent(SIZE, 41);
    await using hub = await createFakeHub({
      repositories: { "org/big": { files: { "big.bin": content } } },
    });
    await using store = await openPorts([]);
    const random = createRandom(20_260);
    let before = 0;
    for (let kill = 0; kill < KILLS && before < SIZE; kill += 1) {
      const killAt = Math.floor((random() * SIZE) / (FULL ? 20 : 4));
      const { resumed, received } = await pullAndKill(store.root, hub.endpoint, killAt);
      expect(resumed).toBeGreaterThanOrEqual(before - CHECKPOINT_BYTES - BUFFER_BYTES);
      before = received;
    }
    const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
    const result = await pull("hf.co/org/big", { ...store.ports, sources });
    expect(result.files[0]).toMatchObject({ digest: digestBytes(content), size: SIZE });
    const [file] = result.files;
    if (file?.digest === undefined) throw new TypeError("nothing was pulled");
    const stat = await store.ports.blobs.ensureVerified(file.digest);
    expect(stat).toMatchObject({ size: SIZE, verified: true });
  },
  FULL ? 1_200_000 : 120_000,
);
