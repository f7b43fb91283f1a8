import { expect, it } from "vitest";

import {
  chooseProjector,
  findStems,
  type GgufFile,
  listStems,
  parseGgufPath,
} from "./quantisation.ts";

const labels: readonly (readonly [path: string, quantisation: string | undefined])[] = [
  ["model-Q4_K_M.gguf", "Q4_K_M"],
  ["Model.Q8_0.gguf", "Q8_0"],
  ["llama-3.2-1b-instruct-q4_k_m.gguf", "Q4_K_M"],
  ["model-IQ2_XXS.gguf", "IQ2_XXS"],
  ["model-UD-Q4_K_XL.gguf", "UD-Q4_K_XL"],
  ["model-BF16-00001-of-00002.gguf", "BF16"],
  ["BF16/model-00001-of-00002.gguf", "BF16"],
  ["Q6_K/model-Q5_0.gguf", "Q5_0"],
  ["ggml-model-f16.gguf", "F16"],
  ["model-MXFP4.gguf", "MXFP4"],
  ["gpt-oss-20b-mxfp4_moe.GGUF", "MXFP4_MOE"],
  ["model.gguf", undefined],
  ["q4-lover.gguf", undefined],
];
for (const [path, quantisation] of labels) {
  it(`reads ${quantisation ?? "no quantisation"} from ${path}`, () => {
    expect(parseGgufPath(path)).toMatchObject({ path, quantisation });
  });
}

it("knows parts, projectors and calibration data from weights", () => {
  expect(parseGgufPath("a/m-Q8_0-00002-of-00003.gguf")).toMatchObject({
    stem: "a/m-Q8_0",
    part: { index: 2, count: 3 },
    role: "weights",
  });
  expect(parseGgufPath("mmproj-m-f16.gguf")?.role).toBe("projector");
  expect(parseGgufPath("m.imatrix.gguf")?.role).toBe("calibration");
  expect(parseGgufPath("m.safetensors")).toBeUndefined();
});

const files = [
  "m-Q4_K_M.gguf",
  "m-UD-Q4_K_XL.gguf",
  "m-Q8_0-00001-of-00002.gguf",
  "m-Q8_0-00002-of-00002.gguf",
  "mmproj-BF16.gguf",
  "mmproj-F16.gguf",
  "sub/mmproj-F16.gguf",
  "imatrix.gguf",
].flatMap((path): GgufFile | readonly GgufFile[] => parseGgufPath(path) ?? []);

it("finds a model by quantisation or file name, whatever the case", () => {
  expect(findStems(files, "q4_k_m")).toEqual(["m-Q4_K_M"]);
  expect(findStems(files, "Q8_0")).toEqual(["m-Q8_0"]);
  expect(findStems(files, "Q4_K_XL")).toEqual(["m-UD-Q4_K_XL"]);
  expect(findStems(files, "M-Q4_K_M.gguf")).toEqual(["m-Q4_K_M"]);
  expect(findStems(files, "Q4")).toEqual([]);
  expect(findStems(files, "F16")).toEqual([]);
});

it("lists each model once", () => {
  expect(listStems(files)).toEqual(["m-Q4_K_M", "m-Q8_0", "m-UD-Q4_K_XL"]);
});

it("prefers the projector in F16, in the model's own folder", () => {
  expect(chooseProjector(files, "m-Q4_K_M")?.path).toBe("mmproj-F16.gguf");
  expect(chooseProjector(files, "sub/m-Q4_K_M")?.path).toBe("sub/mmproj-F16.gguf");
  expect(chooseProjector([], "m")).toBeUndefined();
});
