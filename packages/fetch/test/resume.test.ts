import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { createContent, expectStoreError } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { createHuggingFaceSource, pull, type PullEvent, type PullPorts } from "../src/index.ts";
import { createFakeHub } from "../src/testing/index.ts";
import { openPorts } from "./open-ports.ts";

const MIB = 1024 * 1024;

/** On its way when another connection took over the end of a piece. */
const CUT_BYTES_MAX = 8 * MIB;
/** What an ingest makes durable at once: the most an interruption may cost. */
const CHECKPOINT_BYTES = 64 * MIB;

/** A file of any size that costs nothing to make: each MiB differs from the others in its start. */
function patterned(size: number, gate: (start: number) => Promise<void>) {
  const block = createContent(MIB, 77);
  return {
    size,
    async read(start: number, end: number): Promise<Uint8Array> {
      await gate(start);
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length;) {
        const inBlock = (start + at) % MIB;
        const part = block.subarray(inBlock, Math.min(MIB, inBlock + bytes.length - at));
        bytes.set(part, at);
        if (inBlock === 0) bytes[at] = Math.floor((start + at) / MIB);
        at += part.length;
      }
      return bytes;
    },
  };
}

async function pullHere(
  ports: PullPorts,
  endpoint: string,
): Promise<{
  readonly events: readonly PullEvent[];
  readonly reused: number;
  readonly fetched: number;
}> {
  const events: PullEvent[] = [];
  const result = await pull(
    "hf.co/org/big",
    { ...ports, sources: [createHuggingFaceSource({ endpoint })] },
    { onProgress: (event) => events.push(event) },
  );
  return { events, reused: result.bytesReused, fetched: result.bytesFetched };
}

// The child runs TypeScript as it is.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const canRunTypeScript = major > 22 || (major === 22 && minor >= 18);
const skipped = canRunTypeScript ? "" : " (skipped: this Node cannot run TypeScript)";

describe("a pull that is cut off", () => {
  it.skipIf(!canRunTypeScript)(
    `by SIGKILL costs one checkpoint at most${skipped}`,
    async () => {
      const size = 130 * MIB;
      const stopAt = 100 * MIB;
      const gate = { open: true };
      const file = patterned(size, async (start) => {
        if (start < stopAt) return;
        // Once the hub serves, it stops short of the end until the child is dead.
        while (!gate.open) await pause(10);
      });
      await using hub = await createFakeHub({
        repositories: { "org/big": { files: { "big.bin": file } } },
      });
      gate.open = false;
      await using store = await openPorts([]);
      const script = fileURLToPath(new URL("pull-child.ts", import.meta.url));
      const child = spawn(
        process.execPath,
        ["--conditions=@store/source", script, store.root, hub.endpoint, "hf.co/org/big"],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      let received = 0;
      for await (const line of createInterface({ input: child.stdout })) {
        const event = JSON.parse(line) as PullEvent;
        if (event.kind === "progress") ({ received } = event);
        if (received < stopAt - 4 * MIB) continue;
        child.kill("SIGKILL");
        break;
      }
      if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
      gate.open = true;
      const served = hub.bytesServed;
      const { events, reused, fetched } = await pullHere(store.ports, hub.endpoint);
      expect(reused).toBeGreaterThanOrEqual(received - CHECKPOINT_BYTES);
      expect(reused + fetched).toBe(size);
      expect(hub.bytesServed - served).toBeGreaterThanOrEqual(fetched);
      expect(hub.bytesServed - served).toBeLessThanOrEqual(fetched + CUT_BYTES_MAX);
      expect(events.find(({ kind }) => kind === "file-start")).toMatchObject({
        resumedBytes: reused,
      });
    },
    60_000,
  );

  it("by the server, for good, keeps every byte that arrived", async () => {
    const size = 30 * MIB;
    await using hub = await createFakeHub({
      repositories: { "org/big": { files: { "big.bin": patterned(size, async () => {}) } } },
      faults: { cut: { afterBytes: 2 * MIB } },
    });
    await using store = await openPorts([]);
    const { ports } = store;
    const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
    let received = 0;
    await expectStoreError(
      pull(
        "hf.co/org/big",
        { ...ports, sources },
        {
          retry: { attemptsMax: 1 },
          onProgress: (event) => {
            if (event.kind === "progress") ({ received } = event);
          },
        },
      ),
      "ERR_STORE_UPSTREAM_ERROR",
    );
    expect(received).toBeGreaterThan(0);
    hub.setFaults({});
    const { reused, fetched } = await pullHere(ports, hub.endpoint);
    expect(reused).toBe(received);
    expect(fetched).toBe(size - received);
  });

  it("again and again gets to its end, since every connection brings it further", async () => {
    const size = 20 * MIB;
    await using hub = await createFakeHub({
      repositories: { "org/big": { files: { "big.bin": patterned(size, async () => {}) } } },
      faults: { cut: { afterBytes: 3 * MIB } },
    });
    await using store = await openPorts([]);
    const { reused, fetched } = await pullHere(store.ports, hub.endpoint);
    expect(reused + fetched).toBe(size);
  });
});
