import { digestBytes } from "@store/layout";
import type { FileRole, ModelFile } from "@store/manifest";
import { expect, it } from "vitest";

import { chooseEntryPoint } from "./entry-point.ts";

function file(path: string, role: FileRole = "weights"): ModelFile {
  return {
    path,
    role,
    digest: digestBytes(new TextEncoder().encode(path)),
    size: 1,
    mediaType: "",
  };
}

it("is the one file of a model of one file, whatever it is", () => {
  const only = file("README.md", "doc");
  expect(chooseEntryPoint([only])).toEqual({ kind: "blob", file: only });
});

it("is the one GGUF file among files that only accompany it", () => {
  const weights = file("model.gguf");
  const files = [file("template", "config"), weights, file("license", "doc")];
  expect(chooseEntryPoint(files)).toEqual({ kind: "blob", file: weights });
});

it("is the first part of a split GGUF model, by its name", () => {
  const parts = ["m-00002-of-00003.gguf", "m-00001-of-00003.gguf", "m-00003-of-00003.gguf"];
  const files = parts.map((path) => file(path));
  expect(chooseEntryPoint(files)).toEqual({ kind: "file", file: files[1] });
});

it.each([
  ["safetensors with a config", [file("model.safetensors"), file("config.json", "config")]],
  ["two GGUF files that are no split", [file("model.gguf"), file("mmproj.gguf")]],
  ["parts of two splits", [file("a-00001-of-00002.gguf"), file("b-00001-of-00002.gguf")]],
  ["GGUF beside other weights", [file("model.gguf"), file("model.safetensors")]],
  ["nothing that is weights", [file("a", "other"), file("b", "doc")]],
])("is the directory for %s", (_what, files) => {
  expect(chooseEntryPoint(files)).toEqual({ kind: "directory" });
});
