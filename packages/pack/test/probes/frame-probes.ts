import type { decodeFrame } from "../../src/lz4/frame-decoder.ts";
import { createFrame, createSkippable, type FrameForm, u32 } from "../support/frames.ts";
import { outcomeOf } from "../support/outcome.ts";
import { bytesOf, fromHex } from "../support/packs.ts";

/** An input of LZ4 frames and what it must come to. */
export interface FrameProbe {
  readonly name: string;
  readonly input: Uint8Array;
  readonly sizeMax?: number;
  readonly exactSize?: number;
  /** The content, or what is wrong; `unsupported …` for what is valid and not read. */
  readonly expected: Uint8Array | string;
}

const hello = bytesOf("hello world");
const stored = { bytes: hello, stored: true };
const plain = createFrame([stored]);
/** One literal, then a match of 15 with the offset 1, then 5 literals. */
const run = { bytes: fromHex("1b 61 0100 50 6263646566") };
const runContent = bytesOf(`${"a".repeat(16)}bcdef`);

const helloWith = (form: FrameForm): Uint8Array => createFrame([stored], form);
const block = (hex: string, form?: FrameForm): Uint8Array =>
  createFrame([{ bytes: fromHex(hex) }], form);
const join = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const good: readonly FrameProbe[] = [
  { name: "a stored block", input: plain, expected: hello },
  { name: "a compressed block", input: createFrame([run]), expected: runContent },
  { name: "no blocks", input: createFrame([]), expected: new Uint8Array() },
  {
    name: "an empty stored block",
    input: createFrame([{ bytes: new Uint8Array(), size: 0x8000_0000 }, stored]),
    expected: hello,
  },
  { name: "a block of one empty token", input: block("00"), expected: new Uint8Array() },
  {
    name: "all checksums and the content size",
    input: helloWith({ blockChecksums: true, contentChecksum: hello, contentSize: 11n }),
    expected: hello,
  },
  {
    name: "two frames",
    input: join(plain, createFrame([run])),
    expected: join(hello, runContent),
  },
  {
    name: "skippable frames around a frame",
    input: join(createSkippable(hello), plain, createSkippable(new Uint8Array())),
    expected: hello,
  },
  {
    name: "a linked block that reaches back into the one before",
    // No literals, a match of 6 with the offset 11, then 5 literals.
    input: createFrame([stored, { bytes: fromHex("02 0b00 50 2121212121") }], { linked: true }),
    expected: bytesOf("hello worldhello !!!!!"),
  },
  {
    name: "a length of several bytes",
    input: block(`1f 61 0100 ff00 50 ${hexOf("abcde")}`),
    expected: bytesOf(`${"a".repeat(1 + 4 + 15 + 255)}abcde`),
  },
  { name: "a size that is expected", input: plain, exactSize: 11, expected: hello },
  { name: "a size just accepted", input: plain, sizeMax: 11, expected: hello },
];

const bad: readonly FrameProbe[] = [
  { name: "nothing", input: new Uint8Array(), expected: "truncated" },
  { name: "text", input: hello, expected: "magic" },
  { name: "zeros after a frame", input: join(plain, u32(0)), expected: "magic" },
  { name: "a byte after a frame", input: join(plain, hello.subarray(0, 1)), expected: "truncated" },
  {
    name: "a wrong header checksum",
    input: helloWith({ headerChecksumError: 1 }),
    expected: "header-checksum",
  },
  { name: "version 0", input: helloWith({ version: 0 }), expected: "version" },
  { name: "version 2", input: helloWith({ version: 2 }), expected: "version" },
  { name: "a reserved flag", input: helloWith({ reservedFlag: true }), expected: "reserved-bits" },
  {
    name: "the reserved bit of BD",
    input: helloWith({ blockByte: 0xc0 }),
    expected: "reserved-bits",
  },
  { name: "the low bits of BD", input: helloWith({ blockByte: 0x41 }), expected: "reserved-bits" },
  { name: "block size class 3", input: helloWith({ blockByte: 0x30 }), expected: "block-size" },
  { name: "a dictionary", input: helloWith({ dictionary: 7 }), expected: "unsupported dictionary" },
  { name: "a legacy frame", input: join(u32(0x184c2102), hello), expected: "unsupported legacy" },
  {
    name: "a legacy frame after a frame",
    input: join(plain, u32(0x184c2102)),
    expected: "unsupported legacy",
  },
  { name: "no end mark", input: helloWith({ endMark: false }), expected: "truncated" },
  { name: "half an end mark", input: plain.subarray(0, -2), expected: "truncated" },
  {
    name: "a missing content checksum",
    input: helloWith({ contentChecksum: hello }).subarray(0, -4),
    expected: "truncated",
  },
  {
    name: "a wrong content checksum",
    input: helloWith({ contentChecksum: 1 }),
    expected: "content-checksum",
  },
  {
    name: "a wrong block checksum",
    input: helloWith({ blockChecksums: true, blockChecksumError: 1 }),
    expected: "block-checksum",
  },
  {
    name: "a content size too large",
    input: helloWith({ contentSize: 12n }),
    expected: "content-size",
  },
  {
    name: "a content size too small",
    input: helloWith({ contentSize: 10n }),
    expected: "content-size",
  },
  {
    name: "a content size too small for a match",
    input: createFrame([run], { contentSize: 10n }),
    expected: "content-size",
  },
  {
    name: "a content size above what is written",
    input: createFrame([run], { contentSize: 22n }),
    expected: "content-size",
  },
  {
    name: "a content size of 2^63",
    input: helloWith({ contentSize: 1n << 63n }),
    expected: "content-size",
  },
  {
    name: "a block above the block size",
    input: createFrame([{ bytes: new Uint8Array(70_000), stored: true }]),
    expected: "block-size",
  },
  {
    name: "a block of 2 GiB",
    input: createFrame([{ bytes: hello, size: 0x7fff_ffff }]),
    expected: "block-size",
  },
  {
    name: "a stored block of 2 GiB",
    input: createFrame([{ bytes: hello, size: 0xffff_ffff }]),
    expected: "block-size",
  },
  {
    name: "a block that goes beyond the input",
    input: createFrame([{ bytes: hello, size: 60_000 }]),
    expected: "truncated",
  },
  {
    name: "a block that decodes to more than the block size",
    input: block(`1f 61 0100 ${"ff".repeat(257)}00 50 ${hexOf("abcde")}`),
    expected: "output",
  },
  {
    name: "a block that decodes to more than the block size, before one that leaves it room",
    input: createFrame([
      { bytes: fromHex(`1f 61 0100 ${"ff".repeat(257)}00 50 ${hexOf("abcde")}`) },
      { bytes: fromHex(`1f 61 0100 ${"ff".repeat(200)}00 50 ${hexOf("abcde")}`) },
    ]),
    expected: "output",
  },
  {
    name: "a skippable frame that goes beyond the input",
    input: createSkippable(hello, 12),
    expected: "truncated",
  },
  {
    name: "a match with the offset 0",
    input: block(`1b 61 0000 50 ${hexOf("bcdef")}`),
    expected: "match-offset",
  },
  {
    name: "a match before the start",
    input: block(`1b 61 0200 50 ${hexOf("bcdef")}`),
    expected: "match-offset",
  },
  {
    name: "an independent block that reaches back into the one before",
    input: createFrame([stored, { bytes: fromHex("02 0b00 50 2121212121") }]),
    expected: "match-offset",
  },
  {
    name: "a linked block that reaches back into the frame before",
    input: join(
      plain,
      createFrame([{ bytes: fromHex("02 0b00 50 2121212121") }], { linked: true }),
    ),
    expected: "match-offset",
  },
  { name: "literals beyond the block", input: block("50 61626364"), expected: "literals" },
  { name: "a length of literals without end", input: block("f0 ffffff"), expected: "truncated" },
  {
    name: "a length of a match without end",
    input: block("1f 61 0100 ffff"),
    expected: "truncated",
  },
  { name: "half an offset", input: block("1b 61 01"), expected: "truncated" },
  { name: "a block that ends with a match", input: block("1b 61 0100"), expected: "truncated" },
  { name: "more than is accepted", input: plain, sizeMax: 10, expected: "too-large" },
  {
    name: "a match to more than is accepted",
    input: createFrame([run]),
    sizeMax: 15,
    expected: "too-large",
  },
  {
    name: "literals to more than is accepted",
    input: createFrame([run]),
    sizeMax: 18,
    expected: "too-large",
  },
  {
    name: "a declared size above what is accepted",
    input: helloWith({ contentSize: 11n }),
    sizeMax: 10,
    expected: "too-large",
  },
  { name: "more than expected", input: plain, exactSize: 10, expected: "size" },
  { name: "less than expected", input: plain, exactSize: 12, expected: "size" },
  {
    name: "a compressed block of less than expected",
    input: createFrame([run]),
    exactSize: 40,
    expected: "size",
  },
  {
    name: "an expected size nobody accepts",
    input: plain,
    exactSize: 11,
    sizeMax: 10,
    expected: "too-large",
  },
];

export const frameProbes: readonly FrameProbe[] = [...good, ...bad];

/** What a decoder makes of a probe, in the words of `expected`. */
export function answerOf(decode: typeof decodeFrame, probe: FrameProbe): Uint8Array | string {
  const { input, sizeMax = 1_000_000, exactSize } = probe;
  const outcome = outcomeOf(() => decode(input, { sizeMax, exactSize }));
  return typeof outcome !== "string"
    ? outcome
    : outcome
        .replace("ERR_STORE_FRAME_INVALID ", "")
        .replace("ERR_STORE_FRAME_UNSUPPORTED ", "unsupported ");
}

/** The probes a decoder gets wrong. A right one gets none wrong. */
export function failedFrameProbes(decode: typeof decodeFrame): readonly string[] {
  return frameProbes.filter((probe) => !isRight(decode, probe)).map(({ name }) => name);
}

function isRight(decode: typeof decodeFrame, probe: FrameProbe): boolean {
  const { expected } = probe;
  let answer: Uint8Array | string;
  try {
    answer = answerOf(decode, probe);
  } catch {
    // A decoder may fail in any way but one: nothing but a StoreError must leave it.
    return false;
  }
  if (typeof answer === "string" || typeof expected === "string") return answer === expected;
  return Buffer.compare(answer, expected) === 0;
}

function hexOf(text: string): string {
  return Buffer.from(text).toString("hex");
}
