/** Endings of weights files, in the order in which they decide what a model of several files is. */
const formats: readonly (readonly [ending: RegExp, format: string])[] = [
  [/\.gguf$/i, "gguf"],
  [/\.safetensors$/i, "safetensors"],
  [/\.onnx$/i, "onnx"],
  [/\.tflite$/i, "tflite"],
  [/\.(pt|pth|ckpt)$/i, "pytorch"],
  [/\.ggml$/i, "ggml"],
  [/\.(h5|keras)$/i, "keras"],
  [/\.mlmodel$/i, "coreml"],
];

/** The format of a model's weights as the names of its files tell it, `undefined` if they do not. */
export function formatOf(paths: readonly string[]): string | undefined {
  return formats.find(([ending]) => paths.some((path) => ending.test(path)))?.[1];
}

/** A file name without the ending that tells its format; other endings belong to the name. */
export function withoutFormatEnding(name: string): string {
  const match = formats
    .map(([ending]) => ending.exec(name))
    .find((found) => found !== null && found.index > 0);
  const bare = match === undefined || match === null ? name : name.slice(0, match.index);
  return bare === name && /^.+\.bin$/i.test(name) ? name.slice(0, -".bin".length) : bare;
}
