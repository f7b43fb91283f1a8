import type { TensorTypeCount } from "./model-info.ts";

/** What a summary needs to know of a tensor. */
export interface Tensor {
  readonly type: string;
  readonly parameterCount: number;
}

export interface TensorSummary {
  readonly tensorCount: number;
  readonly parameterCount: number;
  readonly tensorTypes: readonly TensorTypeCount[];
  readonly dominantType: string | undefined;
}

/** Counts tensors as they are read. */
export interface TensorTally {
  /** @throws what `fail` makes of more tensors, types or elements than any model has */
  add(tensor: Tensor): void;
  /** The dominant type holds most parameters; of equals, the first by name. */
  summary(): TensorSummary;
}

/** One expert of one layer is a tensor: the largest models have 100,000, in many files. */
export const TENSOR_COUNT_MAX: number = 256 * 1024;
/** All formats together have some 50. */
const TYPE_COUNT_MAX = 256;

export function createTensorTally(fail: (message: string) => Error): TensorTally {
  const counts = new Map<string, { tensorCount: number; parameterCount: number }>();
  let [tensorCount, parameterCount] = [0, 0];
  return {
    add(tensor) {
      tensorCount += 1;
      if (tensorCount > TENSOR_COUNT_MAX) throw fail(`more than ${TENSOR_COUNT_MAX} tensors`);
      parameterCount += tensor.parameterCount;
      if (!Number.isSafeInteger(parameterCount)) throw fail("over 2^53 elements in all");
      const count = counts.get(tensor.type) ?? { tensorCount: 0, parameterCount: 0 };
      count.tensorCount += 1;
      count.parameterCount += tensor.parameterCount;
      counts.set(tensor.type, count);
      if (counts.size > TYPE_COUNT_MAX) throw fail(`more than ${TYPE_COUNT_MAX} types`);
    },
    summary() {
      const tensorTypes = [...counts]
        .map(([type, count]) => ({ type, ...count }))
        .toSorted((a, b) => (a.type < b.type ? -1 : 1));
      let dominant: TensorTypeCount | undefined;
      for (const count of tensorTypes)
        if (dominant === undefined || count.parameterCount > dominant.parameterCount)
          dominant = count;
      return { tensorCount, parameterCount, tensorTypes, dominantType: dominant?.type };
    },
  };
}
