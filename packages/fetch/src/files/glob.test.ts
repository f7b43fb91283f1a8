import fc from "fast-check";
import { expect, it } from "vitest";

import { matcher } from "./glob.ts";

const cases: readonly (readonly [pattern: string, path: string, matches: boolean])[] = [
  ["*", "a.json", true],
  ["*", "deep/a.json", true],
  ["*.json", "a.json", true],
  ["*.json", "deep/a.json", true],
  ["*.json", "a.jsonl", false],
  ["deep/*.json", "deep/a.json", true],
  ["deep/*.json", "deep/er/a.json", false],
  ["deep/**", "deep/er/a.json", true],
  ["**/a.json", "a.json", true],
  ["**/a.json", "deep/er/a.json", true],
  ["deep/**/a.json", "deep/a.json", true],
  ["model-?????-of-*.gguf", "model-00001-of-00003.gguf", true],
  ["?", "é", true],
  ["a?c", "a/c", false],
  ["A.json", "a.json", false],
  ["[ab].json", "a.json", false],
  ["a.b", "aXb", false],
  ["", "a", false],
];

for (const [pattern, path, matches] of cases) {
  it(`says that ${JSON.stringify(pattern)} ${matches ? "takes" : "leaves"} ${path}`, () => {
    expect(matcher([pattern])(path)).toBe(matches);
  });
}

it("takes a path that any of the patterns takes, and none without patterns", () => {
  expect(matcher(["*.md", "*.json"])("a.json")).toBe(true);
  expect(matcher([])("a.json")).toBe(false);
});

it("takes every path by itself, whatever is in it", () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), (path) => {
      fc.pre(!/[*?]/.test(path));
      expect(matcher([path])(path)).toBe(true);
    }),
  );
});

it("refuses a pattern longer than any path", () => {
  expect(matcher(["a".repeat(1024)])("a".repeat(1024))).toBe(true);
  expect(() => matcher(["a".repeat(1025)])).toThrow(
    expect.objectContaining({ kind: "invalid", code: "ERR_STORE_PATTERN_INVALID" }),
  );
});

it("ends soon for patterns that make others backtrack for ever", () => {
  const pattern = `${"*a".repeat(200)}b`;
  expect(matcher([pattern])("a".repeat(1000))).toBe(false);
});
