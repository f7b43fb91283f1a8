/** A file of GGUF weights, taken apart by the customs of their makers. */
export interface GgufFile {
  readonly path: string;
  /** The path without part number and ending: equal for all parts of one split model. */
  readonly stem: string;
  /** Number of the part and count of parts, of a split model. */
  readonly part: { readonly index: number; readonly count: number } | undefined;
  /** `Q4_K_M`, `IQ2_XXS`, `BF16`, …, upper case; `undefined` where the name has none. */
  readonly quantisation: string | undefined;
  readonly role: "weights" | "projector" | "calibration";
}

const partPattern = /-(\d{5})-of-(\d{5})$/;

// As llama.cpp and its converters write them, with the prefix of dynamic quantisations.
const labelPattern =
  /(?:^|[-._/])((?:UD-)?(?:I?Q\d+(?:_[A-Z0-9]+)*|TQ\d+(?:_\d+)?|MXFP4(?:_MOE)?|NVFP4|BF16|FP?16|FP?32))$/i;

/** Reads the name of a GGUF file; `undefined` for any other file. */
export function parseGgufPath(path: string): GgufFile | undefined {
  if (!/\.gguf$/i.test(path)) return undefined;
  const whole = path.slice(0, -".gguf".length);
  const match = partPattern.exec(whole);
  const stem = match === null ? whole : whole.slice(0, match.index);
  const name = stem.slice(stem.lastIndexOf("/") + 1);
  // Some repositories name the folder after the quantisation and not the file.
  const folder = stem.includes("/") ? stem.slice(0, stem.lastIndexOf("/")) : "";
  const label = labelPattern.exec(name)?.[1] ?? labelPattern.exec(folder)?.[1];
  return {
    path,
    stem,
    part: match === null ? undefined : { index: Number(match[1]), count: Number(match[2]) },
    quantisation: label?.toUpperCase(),
    role: /mmproj/i.test(name) ? "projector" : /imatrix/i.test(name) ? "calibration" : "weights",
  };
}

/** The different models among GGUF files: stems of weights, ascending. */
export function listStems(files: readonly GgufFile[]): readonly string[] {
  const stems = files.filter(({ role }) => role === "weights").map(({ stem }) => stem);
  return [...new Set(stems)].sort();
}

/**
 * The stems a tag may mean: the whole file name, or the exact quantisation, or failing those a
 * quantisation that ends with it (`Q4_K_XL` for `UD-Q4_K_XL`). Case does not count.
 */
export function findStems(files: readonly GgufFile[], tag: string): readonly string[] {
  const wanted = tag.toUpperCase();
  const tests: readonly ((file: GgufFile) => boolean)[] = [
    ({ path }) => {
      const name = path.slice(path.lastIndexOf("/") + 1).toUpperCase();
      return name === wanted || name === `${wanted}.GGUF`;
    },
    ({ quantisation }) => quantisation === wanted,
    ({ quantisation }) => quantisation?.endsWith(`-${wanted}`) === true,
  ];
  for (const test of tests) {
    const stems = listStems(files.filter(test));
    if (stems.length > 0) return stems;
  }
  return [];
}

/** Order of preference among projectors: they are small, and lose much when quantised. */
const projectorOrder = ["F16", "FP16", "BF16", "F32", "FP32", "Q8_0"];

/** The projector to go with a model, from the same folder if there is a choice. */
export function chooseProjector(files: readonly GgufFile[], stem: string): GgufFile | undefined {
  const folder = stem.slice(0, stem.lastIndexOf("/") + 1);
  const rank = ({ path, quantisation }: GgufFile): number => {
    const place = projectorOrder.indexOf(quantisation ?? "");
    const elsewhere = path.slice(0, path.lastIndexOf("/") + 1) === folder ? 0 : 100;
    return elsewhere + (place < 0 ? projectorOrder.length : place);
  };
  return files
    .filter(({ role }) => role === "projector")
    .sort((a, b) => rank(a) - rank(b) || (a.path < b.path ? -1 : 1))[0];
}
