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
const SIZE = (FULL ? 1024 : 96) * MIB + 4_321;
/** What an ingest makes durable at once. */
const CHECKPOINT_BYTES = 64 * MIB;
/** All buffers of a process: what is received and not yet written. */
const BUFFER_BYTES = 40 * MIB;

it.skipIf(whyNoChild !== undefined)(
  `a pull killed at ${KILLS} random instants loses a checkpoint at most each time, and ends right${
    whyNoChild === undefined ? "" : ` (skipped: ${whyNoChild})`
  }`,
  async () => {
    const content = createContent(SIZE, 41);
    await using hub = await createFakeHub({
      repositories: { "org/big": { files: { "big.bin": content } } },
    });
    await using store = await openPorts([]);
    const random = createRandom("kills");
    let before = 0;
    let kills = 0;
    let reread = 0;
    for (; kills < KILLS && before < SIZE; kills += 1) {
      const child = startPull(store.root, hub.endpoint, "hf.co/org/big");
      // Now and then far enough for a checkpoint, so that there is an end in sight.
      await child.reached(Math.floor((random() * SIZE) / (FULL ? 14 : 4)));
      child.process.kill("SIGKILL");
      if ((await child.ended) !== undefined) break;
      expect(child.resumed).toBeGreaterThanOrEqual(before - CHECKPOINT_BYTES - BUFFER_BYTES);
      reread += child.resumed;
      before = child.received;
    }
    const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
    const result = await pull("hf.co/org/big", { ...store.ports, sources });
    expect(result.files[0]).toMatchObject({ digest: digestBytes(content), size: SIZE });
    const [file] = result.files;
    if (file?.digest === undefined) throw new TypeError("nothing was pulled");
    const stat = await store.ports.blobs.ensureVerified(file.digest);
    expect(stat).toMatchObject({ size: SIZE, verified: true });
    const refetched = hub.bytesServed - SIZE;
    expect(refetched).toBeLessThanOrEqual(kills * (CHECKPOINT_BYTES + BUFFER_BYTES));
    report(
      `${SIZE} bytes, killed ${kills} times: ${refetched} bytes fetched again, ` +
        `${reread + result.bytesReused} read again`,
    );
  },
  FULL ? 1_200_000 : 120_000,
);
