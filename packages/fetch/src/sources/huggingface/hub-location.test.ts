import { isStoreError } from "@store/layout";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { type HubLocation, isHubLocation, parseHubLocation } from "./hub-location.ts";

const endpoint = new URL("https://huggingface.co");

const understood: readonly (readonly [text: string, location: HubLocation])[] = [
  ["hf.co/org/repo", { repo: "org/repo", revision: "main" }],
  ["HF.co/org/repo", { repo: "org/repo", revision: "main" }],
  ["hf.co/org/repo/", { repo: "org/repo", revision: "main" }],
  ["huggingface.co/org/repo", { repo: "org/repo", revision: "main" }],
  ["hf.co/org/repo@v1.0", { repo: "org/repo", revision: "v1.0" }],
  ["hf.co/org/repo@refs/pr/7", { repo: "org/repo", revision: "refs/pr/7" }],
  ["hf.co/org/repo@refs%2Fpr%2F7", { repo: "org/repo", revision: "refs/pr/7" }],
  ["hf.co/org/repo:Q4_K_M", { repo: "org/repo", revision: "main", tag: "Q4_K_M" }],
  ["hf.co/org/repo@v1:Q4_K_M", { repo: "org/repo", revision: "v1", tag: "Q4_K_M" }],
  ["hf.co/org/repo/model.gguf", { repo: "org/repo", revision: "main", file: "model.gguf" }],
  ["hf.co/org/repo@v1/a/model.gguf", { repo: "org/repo", revision: "v1", file: "a/model.gguf" }],
  ["hf://org/repo", { repo: "org/repo", revision: "main" }],
  ["hf://models/org/repo", { repo: "org/repo", revision: "main" }],
  [
    "hf://org/repo@refs/pr/1/a b.json",
    { repo: "org/repo", revision: "refs/pr/1", file: "a b.json" },
  ],
  ["hf://org/repo/resolve/x", { repo: "org/repo", revision: "main", file: "resolve/x" }],
  ["hf.co/gpt2", { repo: "gpt2", revision: "main" }],
  ["https://huggingface.co/org/repo", { repo: "org/repo", revision: "main" }],
  ["https://huggingface.co/org/repo?x=1#y", { repo: "org/repo", revision: "main" }],
  [
    "https://huggingface.co/org/repo/resolve/main/model.gguf?download=true",
    { repo: "org/repo", revision: "main", file: "model.gguf" },
  ],
  [
    "https://hf.co/org/repo/blob/refs%2Fpr%2F1/sub/a%20b%23.json",
    { repo: "org/repo", revision: "refs/pr/1", file: "sub/a b#.json" },
  ],
  [
    "huggingface.co/org/repo/resolve/v1/model.gguf",
    { repo: "org/repo", revision: "v1", file: "model.gguf" },
  ],
  ["https://huggingface.co/org/repo/tree/main", { repo: "org/repo", revision: "main" }],
  [
    "https://huggingface.co/org/repo/tree/main/onnx/",
    { repo: "org/repo", revision: "main", folder: "onnx" },
  ],
  [
    "https://huggingface.co/gpt2/resolve/main/config.json",
    { repo: "gpt2", revision: "main", file: "config.json" },
  ],
];

describe("a location on the hub", () => {
  for (const [text, location] of understood) {
    it(`is understood: ${text}`, () => {
      expect(parseHubLocation(text, endpoint)).toEqual(location);
      expect(isHubLocation(text, endpoint)).toBe(true);
    });
  }

  it("may be at the endpoint's own address, below a path if it has one", () => {
    const mirror = new URL("http://127.0.0.1:8080/hf");
    expect(parseHubLocation("http://127.0.0.1:8080/hf/org/repo/resolve/main/x", mirror)).toEqual({
      repo: "org/repo",
      revision: "main",
      file: "x",
    });
    expect(isHubLocation("http://127.0.0.1:8080/other/org/repo", mirror)).toBe(false);
    expect(isHubLocation("http://127.0.0.1:8081/hf/org/repo", mirror)).toBe(false);
    expect(isHubLocation("hf.co/org/repo", mirror)).toBe(true);
  });

  for (const text of [
    "hf.co/",
    "hf.co/org/",
    "hf.co//repo",
    "hf.co/../repo",
    "hf.co/org/..",
    "hf.co/org/re po",
    "hf.co/org/repo@",
    "hf.co/org/repo@..",
    "hf.co/org/repo@a/../b",
    "hf.co/org/repo/../../x",
    "hf.co/org/repo/a//b",
    "hf.co/org/repo/a\\b",
    "hf.co/org/repo:",
    "hf.co/org/repo:a b",
    "https://huggingface.co/org/repo/resolve/main/",
    "https://huggingface.co/org/repo/resolve/main/%2e%2e/x",
    "https://huggingface.co/org/repo/resolve/%2e%2e/x",
    "https://huggingface.co/org/repo/resolve/main/a%00b",
    "https://huggingface.co/",
  ]) {
    it(`is refused: ${text}`, () => {
      expect(() => parseHubLocation(text, endpoint)).toThrow(
        expect.objectContaining({ code: "ERR_STORE_LOCATION_UNKNOWN" }),
      );
    });
  }

  it("of a data set is refused by name", () => {
    for (const text of [
      "hf.co/datasets/org/x",
      "hf://spaces/org/x",
      "https://hf.co/datasets/org/x",
    ]) {
      expect(() => parseHubLocation(text, endpoint)).toThrow(
        expect.objectContaining({ code: "ERR_STORE_LOCATION_UNSUPPORTED" }),
      );
    }
  });

  it("is not what lies elsewhere", () => {
    for (const text of [
      "org/repo",
      "https://example.com/org/repo",
      "hf.company/org/x",
      "./hf.co/a/b",
    ]) {
      expect(parseHubLocation(text, endpoint)).toBeUndefined();
    }
  });

  it("is understood or refused, and never leads out of its repository", () => {
    const pieces = fc.array(
      fc.constantFrom("..", "%2e%2e", "a", "/", "@", ":", "%2F", "\\", "resolve", "main", "?", "#"),
    );
    fc.assert(
      fc.property(pieces, (parts) => {
        for (const prefix of ["hf.co/o/r", "hf://o/r", "https://huggingface.co/o/r"]) {
          try {
            const found = parseHubLocation(prefix + parts.join(""), endpoint);
            for (const text of [found?.repo, found?.file, found?.folder, found?.revision]) {
              expect(text?.split("/") ?? []).not.toContain("..");
            }
          } catch (error) {
            expect(isStoreError(error), String(error)).toBe(true);
          }
        }
      }),
    );
  });
});
