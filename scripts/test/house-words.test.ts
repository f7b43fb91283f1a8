import { describe, expect, it } from "vitest";

import { houseWords } from "../checks/house-words.ts";
import { plantTree } from "./planted-tree.ts";

// Put together from parts, so that this file does not contain what it plants.
const HOME = ["", "root", ".cache"].join("/");
const CHECKOUT = ["", "work", "main"].join("/");
const REGISTRY = ["registry", "npmjs", "org"].join(".");

async function problemsOf(path: string, text: string): Promise<readonly string[]> {
  await using tree = await plantTree({ [path]: text });
  return (await houseWords.run(tree.root)).problems;
}

describe("words of one machine", () => {
  it.each([
    ["a home directory", "docs/a.md", `first line\nkept in ${HOME}\n`, `docs/a.md:2: ${HOME}`],
    ["a checkout", "scripts/a.ts", `const a = "${CHECKOUT}/x";`, `scripts/a.ts:1: ${CHECKOUT}`],
    ["a registry", "README.md", `see https://${REGISTRY}/zod`, `README.md:1: ${REGISTRY}`],
  ])("are found: %s", async (_, path, text, problem) => {
    expect(await problemsOf(path, text)).toEqual([problem]);
  });

  it.each([
    ["a longer path", `/home/ana${CHECKOUT} and ./x${HOME}`],
    ["a part of an address", `https://example.org${HOME}`],
    ["another word", "/rooted/x /workspace/y"],
  ])("are not %s", async (_, text) => {
    expect(await problemsOf("docs/a.md", text)).toEqual([]);
  });

  it("do not matter in the lockfile and in binary files", async () => {
    expect(await problemsOf("pnpm-lock.yaml", REGISTRY)).toEqual([]);
    expect(await problemsOf("fixtures/a.bin", `\0${REGISTRY}`)).toEqual([]);
  });
});
