import { isStoreError } from "@store/layout";
import { parseName } from "@store/manifest";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { chooseName } from "./choose-name.ts";
import { flatNameFrom } from "./flat-name.ts";
import { referencePart } from "./reference-part.ts";

describe("a flat name from a file name", () => {
  const cases: readonly (readonly [path: string, name: string])[] = [
    ["model.gguf", "model"],
    ["sub/Llama-3.2-1B.Q4_K_M.gguf", "Llama-3.2-1B.Q4_K_M"],
    ["llama-3.2", "llama-3.2"],
    ["pytorch_model.bin", "pytorch_model"],
    ["config.json", "config"],
    ["..gguf", "model"],
    [".hidden.gguf", "hidden"],
    ["con.gguf", "model-con"],
    ["aux.v1.safetensors", "model-aux.v1"],
    ["a b+c.gguf", "a-b-c"],
    ["ü.gguf", "model"],
    ["a..b.gguf", "a.b"],
    [`${"x".repeat(300)}.gguf`, "x".repeat(128)],
  ];
  for (const [path, name] of cases) {
    it(`is ${name.slice(0, 40)} for ${path.slice(0, 40)}`, () => {
      expect(flatNameFrom(path)).toBe(name);
    });
  }

  it("is always one the grammar takes", () => {
    const text = fc.oneof(
      fc.string(),
      fc.string({ unit: "binary" }),
      fc.stringMatching(/^[.a-c-]{0,9}$/),
    );
    fc.assert(
      fc.property(text, (path) => {
        const name = flatNameFrom(path);
        expect(parseName(name)).toEqual({ name: { kind: "flat", name }, digest: undefined });
      }),
      { numRuns: 300 },
    );
  });
});

it("a part of a reference is always one the grammar takes", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[.a-c/-]{0,9}$/)), (text) => {
      const part = referencePart(text);
      expect(parseName(`hf.co/org/repo:${part}`).name).toMatchObject({ tag: part });
    }),
    { numRuns: 300 },
  );
});

describe("the name a pulled model gets", () => {
  it("is flat for one file and a reference for several", () => {
    expect(chooseName("m", 1)).toEqual({ kind: "flat", name: "m" });
    expect(chooseName("m", 2)).toMatchObject({
      kind: "ref",
      host: "registry.ollama.ai",
      model: "m",
    });
    expect(chooseName("me/m", 1)).toMatchObject({ kind: "ref", namespace: "me", tag: "latest" });
  });

  it("is refused with the way out where it does not fit", () => {
    for (const text of ["hf.co/or.g/repo:main", "a/b/c/d:e", "-m:x"]) {
      try {
        chooseName(text, 2);
        expect.fail(text);
      } catch (error) {
        if (!isStoreError(error, "ERR_STORE_REF_INVALID")) throw error;
        expect(error.hint).toContain("--as");
      }
    }
  });
});
