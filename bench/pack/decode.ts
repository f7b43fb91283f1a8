import { decodeFrame } from "@store/pack";
import lz4 from "lz4js";

import { compare } from "../harness/compare.ts";
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
}
