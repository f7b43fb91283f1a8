import type { AbortOptions } from "@store/layout";

import { quoteText } from "../name/name-error.ts";
import type { ByteCursor } from "./byte-cursor.ts";
import { readText } from "./gguf-metadata.ts";
import { ggmlType } from "./gguf-types.ts";
import { headerInvalid } from "./header-error.ts";
import { sortInTurns } from "./sort-in-turns.ts";
import {
  createTensorTally,
  type Tensor,
  TENSOR_COUNT_MAX,
  type TensorSummary,
} from "./tensor-summary.ts";

/** ggml allows 63 bytes, other writers of the format a few more. */
const NAME_BYTES_MAX = 1024;
/** ggml has four. */
const DIMENSIONS_MAX = 8;

/** A tensor and where its data lies, counted from the start of all data. */
export interface GgufTensor extends Tensor {
  readonly offset: number;
  /** Bytes; `undefined` for a type whose layout we do not know. */
  readonly size: number | undefined;
}

export interface GgufTensors {
  readonly tensors: readonly GgufTensor[];
  readonly summary: TensorSummary;
}

export async function readTensors(cursor: ByteCursor, tensorCount: number): Promise<GgufTensors> {
  if (tensorCount > TENSOR_COUNT_MAX) throw fail(`${tensorCount} tensors`, cursor);
  const tensors: GgufTensor[] = [];
  const names = new Set<string>();
  const tally = createTensorTally((message) => fail(message, cursor));
  for (let index = 0; index < tensorCount; index += 1) {
    const name = await readText(cursor, NAME_BYTES_MAX);
    if (names.has(name)) throw fail(`tensor ${quoteText(name)} named twice`, cursor);
    names.add(name);
    const tensor = await readTensor(cursor);
    tally.add(tensor);
    tensors.push(tensor);
    await cursor.pauses();
  }
  return { tensors, summary: tally.summary() };
}

async function readTensor(cursor: ByteCursor): Promise<GgufTensor> {
  await cursor.ensure(4);
  const dimensions = cursor.u32();
  if (dimensions > DIMENSIONS_MAX) throw fail(`a tensor of ${dimensions} dimensions`, cursor);
  await cursor.ensure(dimensions * 8 + 12);
  let parameterCount = 1;
  let row = 1;
  for (let dimension = 0; dimension < dimensions; dimension += 1) {
    const length = cursor.u64();
    if (dimension === 0) row = length;
    parameterCount *= length;
    if (!Number.isSafeInteger(parameterCount)) throw fail("a tensor of over 2^53 elements", cursor);
  }
  const id = cursor.u32();
  const offset = cursor.u64();
  const type = ggmlType(id);
  if (type === undefined) return { type: `type-${id}`, parameterCount, offset, size: undefined };
  const { name, blockCount, blockSize } = type;
  if (row % blockCount !== 0) {
    throw fail(`a row of ${row} elements in blocks of ${blockCount}`, cursor);
  }
  return { type: name, parameterCount, offset, size: (parameterCount / blockCount) * blockSize };
}

/**
 * Every tensor must lie inside the file, aligned, and none over another: readers that trusted the
 * header here read beyond their memory (CVE-2026-7482).
 */
export async function checkTensorData(
  tensors: readonly GgufTensor[],
  data: { readonly start: number; readonly alignment: number; readonly fileSize: number },
  options: AbortOptions,
): Promise<void> {
  const room = data.fileSize - data.start;
  let end = 0;
  for (const { offset, size = 0 } of await sortInTurns(tensors, byOffset, options)) {
    if (offset % data.alignment !== 0) {
      throw headerInvalid("gguf", `tensor data at ${offset} is not aligned to ${data.alignment}`);
    }
    if (size > 0 && offset < end) throw headerInvalid("gguf", `tensor data overlaps at ${offset}`);
    if (offset + size > Math.max(room, 0)) {
      throw headerInvalid("gguf", `tensor data ends ${offset + size - room} bytes beyond the file`);
    }
    end = Math.max(end, offset + size);
  }
}

function byOffset(a: GgufTensor, b: GgufTensor): number {
  return a.offset - b.offset;
}

function fail(message: string, cursor: ByteCursor): Error {
  return headerInvalid("gguf", message, cursor.position);
}
