import type { AbortOptions } from "@store/layout";

import { isJsonObject, type JsonValue } from "../json/json-value.ts";
import { quoteText } from "../name/name-error.ts";
import { headerInvalid } from "./header-error.ts";
import { sortInTurns } from "./sort-in-turns.ts";
import { createTensorTally, type Tensor, type TensorSummary } from "./tensor-summary.ts";

/** Bits of an element. Source: `Dtype` of the safetensors crate. */
const bits: ReadonlyMap<string, number> = new Map([
  ["F4", 4],
  ["F6_E2M3", 6],
  ["F6_E3M2", 6],
  ["BOOL", 8],
  ["U8", 8],
  ["I8", 8],
  ["F8_E4M3", 8],
  ["F8_E5M2", 8],
  ["F8_E8M0", 8],
  ["F8_E4M3FNUZ", 8],
  ["F8_E5M2FNUZ", 8],
  ["I16", 16],
  ["U16", 16],
  ["F16", 16],
  ["BF16", 16],
  ["I32", 32],
  ["U32", 32],
  ["F32", 32],
  ["I64", 64],
  ["U64", 64],
  ["F64", 64],
  ["C64", 64],
]);

export interface Placed extends Tensor {
  readonly start: number;
  readonly end: number;
}

/** Tensors whose place in the file is known, as they are read. */
export interface PlacedTensors {
  add(tensor: Placed): void;
  /**
   * What they are in all. Their data must fill the rest of the file: no gap, no overlap, nothing beyond, as
   * the reference has it.
   *
   * @param dataSize bytes of the file after the header
   */
  finish(dataSize: number): Promise<TensorSummary>;
}

export function collectTensors(options: AbortOptions): PlacedTensors {
  const tensors: Placed[] = [];
  const tally = createTensorTally((message) => headerInvalid("safetensors", message));
  return {
    add(tensor) {
      tally.add(tensor);
      tensors.push(tensor);
    },
    async finish(dataSize) {
      let end = 0;
      for (const tensor of await sortInTurns(tensors, inFile, options)) {
        if (tensor.start !== end) {
          const what = tensor.start > end ? "a gap" : "an overlap";
          const where = Math.min(tensor.start, end);
          throw headerInvalid("safetensors", `${what} in the data at ${where}`);
        }
        end = tensor.end;
      }
      if (end !== dataSize) {
        throw headerInvalid(
          "safetensors",
          `the tensors have ${end} bytes, the file holds ${dataSize}`,
        );
      }
      return tally.summary();
    },
  };
}

const inFile = (a: Placed, b: Placed): number => a.start - b.start || a.end - b.end;

/** @throws StoreError `ERR_STORE_HEADER_INVALID` */
export function readTensor(name: string, value: JsonValue): Placed {
  const fail = (what: string): Error =>
    headerInvalid("safetensors", `tensor ${quoteText(name)}: ${what}`);
  if (!isJsonObject(value)) throw fail("not an object");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string") throw fail("no dtype");
  if (!Array.isArray(shape)) throw fail("no shape");
  const [start, end, ...more] = Array.isArray(offsets) ? offsets : [];
  if (!isCount(start) || !isCount(end) || start > end || more.length > 0) {
    throw fail("no usable data_offsets");
  }
  let parameterCount = 1;
  for (const length of shape) {
    if (!isCount(length)) throw fail("a length that is no whole number");
    parameterCount *= length;
    if (!Number.isSafeInteger(parameterCount)) throw fail("over 2^53 elements");
  }
  const elementBits = bits.get(dtype);
  // Of a type newer than the table only the place can be checked.
  if (elementBits !== undefined && parameterCount * elementBits !== (end - start) * 8) {
    throw fail(`${end - start} bytes for ${parameterCount} elements of ${quoteText(dtype)}`);
  }
  return { type: dtype, parameterCount, start, end };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === "number" && value >= 0;
}
