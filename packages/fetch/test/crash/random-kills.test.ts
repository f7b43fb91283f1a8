import { digestBytes } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { createRandom, FULL, report } from "@store/testing";
import { expect, it } from "vitest";

import { createHuggingFaceSource, pull } from "../../src/index.ts";
import { createFakeHub } from "../../src/testing/index.ts";
import { openPorts } from "../open-ports.ts";
import { startPull, whyNoChild } from "./children.ts";

const MIB = 1024 * 1024;
const KILLS = FULL ? 100 : 5;
const SIZE = 1024 * MIB + 4_321;
/** The most that is received and not on record yet. */
const CHECKPOINT_BYTES = 64 * MIB;
/** What was sent and is not received: the kernel keeps it for each connection. */
const SENT_BYTES = 40 * MIB;

it.skipIf(whyNoChild !== undefined)(
  `a pull killed at ${KILLS} random instants loses a checkpoint at most each time, and ends right${
    whyNoChild === undefined ? "" : ` (skipped: ${whyNoChild})`
  }`,
  async () => {
    const content = createContent(SIZE, 41);
    const digest = digestBytes(content);
    await using hub = await createFakeHub({
      repositories: { "org/big": { files: { "big.bin": content } } },
    });
    const random = createRandom("kills");
    let kills = 0;
    let rounds = 0;
    let reread = 0;

    /** Kills one pull after the other in the same store, until one comes to its end. */
    async function killUntilDone(root: string): Promise<void> {
      for (let before = 0; kills < KILLS && before < SIZE; kills += 1) {
        const child = startPull(root, hub.endpoint, "hf.co/org/big");
        // Now and then far enough for a checkpoint, so that there is an end in sight.
        await child.reached(Math.floor((random() * SIZE) / (FULL ? 14 : 4)));
        child.process.kill("SIGKILL");
        if ((await child.ended) !== undefined) return;
        expect(child.resumed).toBeGreaterThanOrEqual(before - CHECKPOINT_BYTES);
        reread += child.resumed;
        before = child.received;
      }
    }

    for (; kills < KILLS; rounds += 1) {
      await using store = await openPorts([]);
      await killUntilDone(store.root);
      const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
      const result = await pull("hf.co/org/big", { ...store.ports, sources });
      reread += result.bytesReused;
      expect(result.files[0]).toMatchObject({ digest, size: SIZE });
      const stat = await store.ports.blobs.ensureVerified(digest);
      expect(stat).toMatchObject({ size: SIZE, verified: true });
    }
    const refetched = hub.bytesServed - rounds * SIZE;
    expect(refetched).toBeLessThanOrEqual(kills * (CHECKPOINT_BYTES + SENT_BYTES));
    report(
      `${SIZE} bytes, killed ${kills} times in ${rounds} pulls: ${refetched} bytes fetched again, ` +
        `${reread} read again`,
    );
  },
  FULL ? 1_200_000 : 120_000,
);
