import type { GeneratedFile } from "./generated-file.ts";
import { createSeededBytes } from "./seeded-bytes.ts";

/** Element types made here, and the bytes of one element. */
export const elementBytes = { F16: 2, F32: 4 } as const;
export type ElementType = keyof typeof elementBytes;

/** Where a tensor lies in a file. Offsets are multiples of 4. */
export interface PlacedTensor {
  readonly type: ElementType;
  readonly start: number;
  readonly end: number;
}

/**
 * Random bits made into plain numbers: no infinities, no NaN. F16 pairs become ±0.03 to ±0.06, as
 * weights are; F32 become 1 to 2, as norms are.
 */
const masks: Readonly<Record<ElementType, readonly [keep: number, set: number]>> = {
  F16: [0x83ff_83ff, 0x2800_2800],
  F32: [0x007f_ffff, 0x3f80_0000],
};

/** Granularity of generation: a multiple of the cipher's block and of every element. */
const STEP_BYTES = 16;
const WORD_BYTES = 4;

/**
 * A file of a header followed by tensors of seeded numbers. What lies between the tensors is zero.
 *
 * @param tensors ascending, none overlapping another or the header
 */
export function tensorFile(
  header: Uint8Array,
  tensors: readonly PlacedTensor[],
  seed: number | string,
): GeneratedFile {
  const stream = createSeededBytes(seed);
  const size = tensors.at(-1)?.end ?? header.length;

  /** @param start a multiple of 16, like `end` */
  function generate(start: number, end: number): Uint8Array {
    const words = new Uint32Array((end - start) / WORD_BYTES);
    const bytes = new Uint8Array(words.buffer);
    const random = new Uint32Array(stream.read(start, end - start).slice().buffer);
    for (const tensor of overlapping(tensors, start, end)) {
      const [keep, set] = masks[tensor.type];
      const from = (Math.max(tensor.start, start) - start) / WORD_BYTES;
      const to = (Math.min(tensor.end, end) - start) / WORD_BYTES;
      for (let at = from; at < to; at++) words[at] = ((random[at] ?? 0) & keep) | set;
    }
    bytes.set(header.subarray(start, end));
    return bytes;
  }

  return {
    size,
    read(start, end) {
      const cut = Math.min(end, size);
      if (start >= cut) return new Uint8Array(0);
      const from = Math.floor(start / STEP_BYTES) * STEP_BYTES;
      const to = Math.ceil(cut / STEP_BYTES) * STEP_BYTES;
      return generate(from, to).subarray(start - from, cut - from);
    },
  };
}

function overlapping(
  tensors: readonly PlacedTensor[],
  start: number,
  end: number,
): readonly PlacedTensor[] {
  return tensors.filter((tensor) => tensor.start < end && tensor.end > start);
}
