import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterAll, describe, expect, it } from "vitest";

import { decodeFrame, encodeFrame } from "../src/index.ts";
import { outcomeOf } from "./support/outcome.ts";
import { createRandom, createSample, words } from "./support/random.ts";
import { findLz4, runTool, titled } from "./support/tools.ts";

const lz4 = findLz4();
const directory = mkdtempSync(join(tmpdir(), "store-lz4-"));
afterAll(() => rmSync(directory, { recursive: true }));
const command = lz4.command ?? "";

type Contents = readonly (readonly [string, Uint8Array])[];

const small: Contents = [
  ["nothing", new Uint8Array()],
  ["a byte", Uint8Array.of(7)],
  ["text", words(createRandom(3), 300_000)],
  ["noise", createRandom(4).bytes(70_000)],
];
const large: Contents = [
  ["5 MiB of zeros", new Uint8Array(5 * 1024 * 1024)],
  ["text of two blocks", words(createRandom(5), 4 * 1024 * 1024 + 100_000)],
];
/** Forms whose blocks are the smallest and the largest, and refer to each other. */
const LARGE_FORMS = new Set(["-B4 -BD", "-B7 -BD -BX"]);

const forms: readonly (readonly string[])[] = ["-B4", "-B5", "-B6", "-B7"].flatMap((size) =>
  ["-BI", "-BD"].flatMap((linking) => [
    [size, linking],
    [size, linking, "-BX"],
    [size, linking, "--no-frame-crc"],
    [size, linking, "-9", "--content-size"],
  ]),
);

describe("frames and the lz4 command", () => {
  it.skipIf(lz4.command === undefined)(titled("it unpacks what we pack", lz4), () => {
    const random = createRandom(6);
    const samples = Array.from({ length: 20 }, () => createSample(random, 200_000));
    for (const content of [...[...small, ...large].map(([, bytes]) => bytes), ...samples]) {
      const unpacked = runTool(command, ["-d", "-c"], encodeFrame(content));
      expect(Buffer.compare(unpacked, content)).toBe(0);
    }
  });

  it.skipIf(lz4.command === undefined).for(forms.map((flags) => flags.join(" ")))(
    titled("we unpack what it packs with %s", lz4),
    (form) => {
      for (const [name, content] of LARGE_FORMS.has(form) ? [...small, ...large] : small) {
        // It knows the size of a file and declares it; of its standard input it does not.
        const path = join(directory, "content");
        writeFileSync(path, content);
        const frame = runTool(command, ["-c", ...form.split(" "), path], new Uint8Array());
        const options = { sizeMax: content.length, exactSize: content.length };
        expect(Buffer.compare(decodeFrame(frame, options), content), name).toBe(0);
      }
    },
  );

  it.skipIf(lz4.command === undefined)(
    titled("a bit flipped in a frame with all checksums is found", lz4),
    () => {
      const content = words(createRandom(7), 20_000);
      const frame = runTool(command, ["-c", "-B4", "-BX"], content);
      const random = createRandom(8);
      for (let round = 0; round < 2000; round++) {
        const damaged = new Uint8Array(frame);
        const at = random.below(damaged.length);
        damaged[at] = (damaged[at] ?? 0) ^ (1 << random.below(8));
        const outcome = outcomeOf(() => decodeFrame(damaged, { sizeMax: 1_000_000 }));
        expect(outcome, `byte ${at}`).toMatch(/^ERR_STORE_FRAME_/);
      }
    },
  );

  it.skipIf(lz4.command === undefined)(
    titled("its legacy frames are refused as unsupported", lz4),
    () => {
      const frame = runTool(command, ["-c", "-l"], new TextEncoder().encode("hello world"));
      expect(() => decodeFrame(frame, { sizeMax: 100 })).toThrow(
        expect.objectContaining({ code: "ERR_STORE_FRAME_UNSUPPORTED", kind: "unsupported" }),
      );
    },
  );
});
