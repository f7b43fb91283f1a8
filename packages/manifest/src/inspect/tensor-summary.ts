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

/** Counts tensors by type. The dominant type holds most parameters; of equals, the first by name. */
export function summarizeTensors(tensors: readonly Tensor[]): TensorSummary {
  const counts = new Map<string, { tensorCount: number; parameterCount: number }>();
  let total = 0;
  for (const { type, parameterCount } of tensors) {
    const count = counts.get(type) ?? { tensorCount: 0, parameterCount: 0 };
    count.tensorCount += 1;
    count.parameterCount += parameterCount;
    total += parameterCount;
    counts.set(type, count);
  }
  const tensorTypes = [...counts]
    .map(([type, { tensorCount, parameterCount }]) => ({ type, tensorCount, parameterCount }))
    .toSorted((a, b) => (a.type < b.type ? -1 : 1));
  let dominant: TensorTypeCount | undefined;
  for (const count of tensorTypes) {
    if (dominant === undefined || count.parameterCount > dominant.parameterCount) dominant = count;
  }
  return {
    tensorCount: tensors.length,
    parameterCount: total,
    tensorTypes,
    dominantType: dominant?.type,
  };
}
