import { rm } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { exports } from "../checks/exports.ts";
import { plantTree } from "./planted-tree.ts";

const SNAPSHOT = "[.]\ntype  Plan\nvalue planGc\n";
const SOURCE = 'export { planGc, type Plan } from "./plan.ts";';
const BUILT = "export const planGc = 1;";

function library(files: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    "package.json": { type: "module" },
    "packages/gc/package.json": {
      name: "@store/gc",
      type: "module",
      exports: {
        ".": { "@store/source": "./src/index.ts", default: "./dist/index.js" },
        "./package.json": "./package.json",
      },
    },
    "packages/gc/src/index.ts": SOURCE,
    "packages/gc/dist/index.js": BUILT,
    "packages/gc/exports.snap.txt": SNAPSHOT,
    ...files,
  };
}

async function problemsOf(files: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  await using tree = await plantTree(library(files));
  return (await exports.run(tree.root)).problems;
}

const MEANT = "if that is meant, run: pnpm snapshot";
const AT = "packages/gc/exports.snap.txt:";

describe("public names", () => {
  it("are fine when source, snapshot and built file agree", async () => {
    expect(await problemsOf({})).toEqual([]);
  });

  it("may not appear without the snapshot saying so", async () => {
    const problems = await problemsOf({
      "packages/gc/src/index.ts": `${SOURCE} export type { More } from "./more.ts";`,
    });
    expect(problems).toEqual([`${AT} new    [.] type  More`, MEANT]);
  });

  it("may not disappear without the snapshot saying so", async () => {
    const problems = await problemsOf({
      "packages/gc/src/index.ts": 'export { planGc } from "./plan.ts";',
    });
    expect(problems).toEqual([`${AT} gone   [.] type  Plan`, MEANT]);
  });

  it("may not turn from a type into a value", async () => {
    const problems = await problemsOf({
      "packages/gc/src/index.ts": 'export { planGc, Plan } from "./plan.ts";',
      "packages/gc/dist/index.js": "export const planGc = 1, Plan = 2;",
    });
    expect(problems).toEqual([`${AT} gone   [.] type  Plan`, `${AT} new    [.] value Plan`, MEANT]);
  });

  it("need a snapshot", async () => {
    await using tree = await plantTree(library());
    await rm(join(tree.root, "packages/gc/exports.snap.txt"));
    const { problems } = await exports.run(tree.root);
    expect(problems).toEqual([`${AT} is missing; write it with: pnpm snapshot`]);
  });

  it("may not be exported wholesale", async () => {
    const problems = await problemsOf({ "packages/gc/src/index.ts": 'export * from "./plan.ts";' });
    expect(problems).toEqual([expect.stringContaining("exports * from ./plan.ts")]);
  });

  it("may not come from an entry that is a pattern", async () => {
    const problems = await problemsOf({
      "packages/gc/package.json": { name: "@store/gc", exports: { "./*": "./dist/*.js" } },
    });
    expect(problems).toEqual([expect.stringContaining("is a pattern")]);
  });

  it("must be there in what was built", async () => {
    const problems = await problemsOf({ "packages/gc/dist/index.js": "export const other = 1;" });
    expect(problems).toEqual([
      "packages/gc/dist/index.js: does not export planGc",
      "packages/gc/dist/index.js: exports other, which the source does not",
    ]);
  });

  it("are not there when the built file cannot be loaded", async () => {
    const problems = await problemsOf({
      "packages/gc/dist/index.js": "throw new Error('broken');",
    });
    expect(problems).toEqual([expect.stringContaining("cannot be loaded")]);
  });
});
