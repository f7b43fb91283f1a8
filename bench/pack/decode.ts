import { decodeFrame } from "@store/pack";
import lz4 from "lz4js";

import { compare, report } from "../harness/compare.ts";
import { createObjects } from "./corpus.ts";

/**
 * Decoding frames of small objects as lz4js makes them, against its own frame function. Such frames
 * announce blocks of 4 MiB, as most tools' do.
 */
export async function benchPackDecode(): Promise<void> {
  const objects = createObjects(2_000);
  const frames = objects.map((object) => lz4.compress(object));
  await compare(`${frames.length} frames of 4 KiB`, {
    ours: {
      name: "decodeFrame",
      async run() {
        for (const [index, frame] of frames.entries()) {
          decodeFrame(frame, { sizeMax: 1 << 20, exactSize: objects[index]?.length });
        }
      },
    },
    theirs: {
      name: "lz4js.decompress",
      async run() {
        for (const frame of frames) lz4.decompress(frame);
      },
    },
    target: 1 / 40,
  });
  reportLies();
}

const LIE_MS_MAX = 10;
const LIE_MIB_MAX = 16;

/** Frames of at most 1 KiB that announce more than they hold: how long it takes to see through them. */
function reportLies(): void {
  const header = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73];
  const word = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);
  const lies: readonly (readonly number[])[] = [
    // A stored block of 1.5 GiB in 19 bytes.
    [...header, ...word(0xdfff_ffff), ...Array<number>(8).fill(0)],
    // Two hundred empty blocks of which each may hold 4 MiB.
    [...header, ...Array.from({ length: 200 }, () => [...word(1), 0]).flat(), ...word(0)],
    // A match as long as a kilobyte can say, then nothing.
    [...header, ...word(1000), 0x1f, 0, 1, 0, ...Array<number>(996).fill(0xff), ...word(0)],
    // The same as a run of literals.
    [...header, ...word(1000), 0xf0, ...Array<number>(999).fill(0xff), ...word(0)],
  ];
  let [longest, most] = [0, 0];
  for (const lie of lies) {
    const frame = Uint8Array.from(lie);
    const memory = process.memoryUsage().arrayBuffers;
    const start = performance.now();
    try {
      decodeFrame(frame, { sizeMax: 2 ** 40 });
    } catch {
      // As it should; the empty blocks are no lie but for their number.
    }
    longest = Math.max(longest, performance.now() - start);
    most = Math.max(most, (process.memoryUsage().arrayBuffers - memory) / 2 ** 20);
  }
  report("frames of 1 KiB that lie, at worst", `${longest.toFixed(2)} ms, ${most.toFixed(2)} MiB`, {
    text: `< ${LIE_MS_MAX} ms, < ${LIE_MIB_MAX} MiB`,
    met: longest < LIE_MS_MAX && most < LIE_MIB_MAX,
  });
}
