import type { ModelInfo } from "@store/manifest/inspect";

/** What the headers of all weights files of a model say together. */
export interface ModelFacts {
  readonly format: string;
  readonly name: string | undefined;
  readonly architecture: string | undefined;
  readonly parameterCount: number;
  readonly tensorCount: number;
  readonly quantization: string | undefined;
  /** Tokens. */
  readonly contextLength: number | undefined;
  readonly license: string | undefined;
  readonly chatTemplate: boolean;
}

/**
 * Adds up what the parts of a model say; what only one of them says holds for all. `undefined` if
 * no file has a header that is understood.
 */
export function gatherFacts(
  infos: readonly { readonly info: ModelInfo }[],
): ModelFacts | undefined {
  const [first] = infos;
  if (first === undefined) return undefined;
  const say = <K extends keyof ModelInfo>(key: K): ModelInfo[K] | undefined =>
    infos.map(({ info }) => info[key]).find((value) => value !== undefined);
  return {
    format: first.info.format,
    name: say("name"),
    architecture: say("architecture"),
    parameterCount: infos.reduce((sum, { info }) => sum + info.parameterCount, 0),
    tensorCount: infos.reduce((sum, { info }) => sum + info.tensorCount, 0),
    quantization: quantizationOf(infos.map(({ info }) => info)),
    contextLength: say("contextLength"),
    license: say("license"),
    chatTemplate: say("chatTemplate") !== undefined,
  };
}

/** The largest part speaks for the others: a projector beside a model is of another type. */
function quantizationOf(infos: readonly ModelInfo[]): string | undefined {
  return infos.toSorted((a, b) => b.parameterCount - a.parameterCount)[0]?.quantization;
}
