import { chmod, open, readFile } from "node:fs/promises";

import { CHUNK_BYTES, digestBytes, openRepair, readOrigins, recordOrigin } from "@store/layout";
import { createContent } from "@store/layout/testing";
import { createRandom, FULL, report } from "@store/testing";
import { expect, it } from "vitest";

import { createHuggingFaceSource, pull, repair } from "../../src/index.ts";
import { createFakeHub } from "../../src/testing/index.ts";
import { openPorts } from "../open-ports.ts";
import { startPull, whyNoChild } from "./children.ts";

const MIB = 1024 * 1024;
const KILLS = FULL ? 60 : 3;
const SIZE = (FULL ? 384 : 12) * MIB + 4_321;
/** What an ingest makes durable at once, and what is received and not yet written. */
const LOST_BYTES_MAX = 104 * MIB;

it.skipIf(whyNoChild !== undefined)(
  `a repair killed at ${KILLS} random instants leaves the wrong blob or the right one, and ends right${
    whyNoChild === undefined ? "" : ` (skipped: ${whyNoChild})`
  }`,
  { timeout: FULL ? 1_200_000 : 120_000 },
  async () => {
    const content = createContent(SIZE, 42);
    const digest = digestBytes(content);
    await using hub = await createFakeHub({
      repositories: { "org/m": { files: { "m.bin": content } } },
    });
    const sources = [createHuggingFaceSource({ endpoint: hub.endpoint })];
    await using store = await openPorts(sources);
    const { layout, ports } = store;
    await pull("hf.co/org/m", {
      ...ports,
      recordOrigin: (blob, origin) => recordOrigin(layout, blob, origin),
    });
    const path = layout.paths.blob(digest);
    let damagedBytes = await damageEveryOther(path, content);
    const perRepair = damagedBytes;
    const wrong = digestBytes(await readFile(path));
    const served = hub.bytesServed;
    const random = createRandom("repair kills");
    hub.setFaults({ bytesPerSecond: (FULL ? 400 : 40) * MIB });
    let kills = 0;
    for (; kills < KILLS; kills += 1) {
      if (digestBytes(await readFile(path)) === digest) {
        damagedBytes += await damageEveryOther(path, content);
      }
      const child = startPull(store.root, hub.endpoint, "", { repairs: digest });
      await child.reached(Math.floor(random() * perRepair));
      child.process.kill("SIGKILL");
      const isDone = (await child.ended) !== undefined;
      expect(isDone ? [digest] : [digest, wrong]).toContain(digestBytes(await readFile(path)));
    }
    hub.setFaults({});
    await repair(
      { digest },
      {
        ...ports,
        openRepair: (target, options) => openRepair(layout, target, options),
        readOrigins: (blob) => readOrigins(layout, blob),
      },
    );
    expect(digestBytes(await readFile(path))).toBe(digest);
    const refetched = hub.bytesServed - served - damagedBytes;
    expect(refetched).toBeLessThanOrEqual(kills * Math.min(perRepair, LOST_BYTES_MAX));
    report(
      `${SIZE} bytes, ${perRepair} of them in damaged chunks, killed ${kills} times in ` +
        `${damagedBytes / perRepair} repairs: ${refetched} bytes fetched again`,
    );
  },
);

/** One wrong byte in every other chunk of a file. Answers how many bytes those chunks have. */
async function damageEveryOther(path: string, content: Uint8Array): Promise<number> {
  await chmod(path, 0o644);
  const file = await open(path, "r+");
  let bytes = 0;
  for (let start = 0; start < content.length; start += 2 * CHUNK_BYTES) {
    await file.write(new Uint8Array([(content[start] ?? 0) ^ 1]), 0, 1, start);
    bytes += Math.min(CHUNK_BYTES, content.length - start);
  }
  await file.close();
  return bytes;
}
