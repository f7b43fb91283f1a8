import { digestBytes, isStoreError } from "@store/layout";
import { collectContent } from "@store/layout/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import {
  decodeFrame,
  decodeIdentity,
  decodeIndex,
  encodeFrame,
  encodeIndex,
  encodeIdentity,
  hashPackKey,
  openPackSet,
  verifyPacks,
} from "../src/index.ts";
import { xxh64 } from "../src/hash/xxh.ts";
import { createFrame, createSkippable } from "./support/frames.ts";
import { createReadOnlyFs } from "./support/memory-fs.ts";
import { outcomeOf } from "./support/outcome.ts";
import { createTemporaryPacks, readFiles, writePack } from "./support/packs.ts";
import { createRandom, createSample, type Random } from "./support/random.ts";

// Seeded, so that a failure can be had again: STORE_TEST_SEED chooses the seed, STORE_FUZZ_COUNT
// the number of inputs in all.
const seed = Number(process.env["STORE_TEST_SEED"] ?? 1);
const count = Number(process.env["STORE_FUZZ_COUNT"] ?? 1_000_000);
const TIMEOUT_MS = 24 * 60 * 60 * 1000;

/** Values that lengths, offsets and flags like to break on. */
const EDGES = [0, 1, 0x0f, 0x10, 0x7f, 0x80, 0xf0, 0xff];

/** Changes, cuts, repeats, inserts and swaps pieces of an input. */
function mutate(random: Random, input: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let bytes = new Uint8Array(input);
  for (let rounds = 1 + random.below(4); rounds > 0; rounds--) {
    const at = random.below(bytes.length + 1);
    const length = random.below(Math.min(40, bytes.length - at) + 1);
    switch (random.below(7)) {
      case 0:
        if (at < bytes.length) bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
        break;
      case 1:
        if (at < bytes.length) bytes[at] = random.pick(EDGES);
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + length));
        break;
      case 4:
        bytes = joined(bytes.subarray(0, at + length), bytes.subarray(at));
        break;
      case 5:
        bytes.fill(random.pick(EDGES), at, at + length);
        break;
      default: {
        const other = random.pick(others);
        bytes.set(other.subarray(0, Math.min(other.length, bytes.length - at)), at);
      }
    }
  }
  return bytes;
}

function joined(start: Uint8Array, end: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(start.length + end.length);
  bytes.set(start);
  bytes.set(end, start.length);
  return bytes;
}

/** Frames of every form, small enough that a change is likely to hit what matters. */
function createFrames(random: Random): readonly Uint8Array[] {
  return Array.from({ length: 200 }, (_, index) => {
    const content = createSample(random, index % 10 === 0 ? 3000 : 200);
    const frame = encodeFrame(content);
    if (index % 2 === 0) return frame;
    const word = content.length === 0 ? 0 : new DataView(frame.buffer).getUint32(7, true);
    const bytes = frame.slice(11, -4);
    const block = { bytes, stored: word >= 0x8000_0000 };
    return createFrame(content.length === 0 ? [] : [block], {
      linked: index % 3 === 0,
      blockChecksums: index % 5 === 0,
      ...(index % 7 === 0 ? { contentSize: BigInt(content.length) } : {}),
      ...(index % 4 === 0 ? { contentChecksum: content } : {}),
    });
  });
}

// Nobody looks at where a million errors come from, and finding out takes longer than all else.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

describe(`mutated inputs (seed ${seed})`, () => {
  it(
    `of LZ4 frames come to bytes within the limit or to a typed error (${count * 0.6} inputs)`,
    () => {
      const random = createRandom(seed);
      const frames = [...createFrames(random), createSkippable(random.bytes(10))];
      let decoded = 0;
      for (let round = 0; round < count * 0.6; round++) {
        const input = mutate(random, random.pick(frames), frames);
        const sizeMax = random.pick([0, 100, 5000, 70_000]);
        const exactSize = random.below(4) === 0 ? random.below(300) : undefined;
        const outcome = outcomeOf(() => decodeFrame(input, { sizeMax, exactSize }));
        if (typeof outcome === "string") {
          if (!/^ERR_STORE_FRAME_(INVALID|UNSUPPORTED) [a-z-]+$/.test(outcome))
            expect.fail(outcome);
        } else {
          decoded++;
          if (outcome.length > sizeMax || outcome.length !== (exactSize ?? outcome.length)) {
            expect.fail(`${outcome.length} bytes, at most ${sizeMax}, exactly ${exactSize}`);
          }
        }
      }
      expect(decoded).toBeGreaterThan(count / 1000);
    },
    TIMEOUT_MS,
  );

  it(
    `of indexes and sidecars come to rows that make the same bytes, or to a typed error (${count * 0.395} inputs)`,
    async () => {
      await using packs = await createTemporaryPacks();
      const random = createRandom(seed + 1);
      for (let pack = 0; pack < 10; pack++) {
        const contents = Array.from({ length: 1 + pack }, () => createSample(random, 100));
        await writePack(packs.home, contents);
      }
      const files = [...(await readFiles(packs.home.dir))];
      const tables = (kind: string): readonly Uint8Array[] =>
        files.filter(([name]) => name.endsWith(kind)).map(([, bytes]) => bytes);
      const [indexes, sidecars] = [tables(".idx"), tables(".ids")];
      for (let round = 0; round < count * 0.395; round++) {
        const isIndex = round % 2 === 0;
        const all = isIndex ? indexes : sidecars;
        const input = mutate(random, random.pick(all), all);
        if (!isIndex && round % 4 === 1) seal(input);
        const again = outcomeOf(() =>
          isIndex ? encodeIndex(decodeIndex(input)) : encodeIdentity(decodeIdentity(input)),
        );
        if (typeof again === "string") {
          if (!/^ERR_STORE_(INDEX|IDENTITY)_(INVALID|UNSUPPORTED)$/.test(again)) expect.fail(again);
        } else if (again.length !== input.length) {
          expect.fail(`${again.length} bytes instead of ${input.length}`);
        }
      }
    },
    TIMEOUT_MS,
  );

  it(
    `of packs give the bytes that were put in or a typed error, and are verified to an end (${count * 0.005} inputs)`,
    async () => {
      await using packs = await createTemporaryPacks();
      const random = createRandom(seed + 2);
      const contents = Array.from({ length: 6 }, (_, index) => createSample(random, 60 * index));
      await writePack(packs.home, contents.slice(0, 4));
      await writePack(packs.home, contents.slice(3));
      const good = await readFiles(packs.home.dir);
      const names = [...good.keys()];
      for (let round = 0; round < count * 0.005; round++) {
        const files = new Map(good);
        for (let changes = 1 + random.below(2); changes > 0; changes--) {
          const name = random.pick(names);
          files.set(name, mutate(random, good.get(name) ?? new Uint8Array(), [...good.values()]));
        }
        const home = { fs: createReadOnlyFs(files), dir: "/packs" };
        await using set = await openPackSet(home);
        for (const content of contents) {
          await expectContent(content, collectContent(set.read(digestBytes(content))));
          await expectContent(content, set.readKey(hashPackKey(content)));
        }
        for await (const digest of set.list()) await set.stat(digest);
        for await (const finding of verifyPacks(home)) expect(finding.code).toMatch(/^ERR_STORE_/);
      }
    },
    TIMEOUT_MS,
  );
});

/** Gives a sidecar a right checksum, so that what comes after it is tried as well. */
function seal(bytes: Uint8Array): void {
  if (bytes.length < 8) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  view.setBigUint64(bytes.length - 8, xxh64(bytes.subarray(0, -8)), true);
}

async function expectContent(content: Uint8Array, reading: Promise<Uint8Array>): Promise<void> {
  try {
    if (Buffer.compare(await reading, content) !== 0) expect.fail("wrong bytes");
  } catch (error) {
    if (!isStoreError(error)) throw error;
  }
}
