import { describe, expect, it } from "vitest";

import { layering } from "../checks/layering.ts";
import { plantTree } from "./planted-tree.ts";

const GC = { name: "@store/gc", dependencies: { "@store/layout": "workspace:^" } };

async function problemsOf(files: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
  await using tree = await plantTree({ "packages/gc/package.json": GC, ...files });
  return (await layering.run(tree.root)).problems;
}

describe("layers", () => {
  it("allow the imports of the design", async () => {
    const problems = await problemsOf({
      "packages/gc/src/plan.ts": 'export { isDigest } from "@store/layout";',
      "packages/gc/src/plan.test.ts": 'import "@store/layout/testing"; import "@store/gc";',
      "packages/layout/package.json": { name: "@store/layout" },
      "apps/cli/package.json": { name: "@store/cli" },
      "apps/cli/src/main.ts": 'import "@store/gc";',
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ["a neighbour", 'import "@store/manifest";'],
    ["a type of a neighbour", 'export type N = import("@store/manifest").Name;'],
    ["a higher layer", 'export { pull } from "@store/fetch";'],
    ["an entry of a neighbour", 'await import("@store/manifest/inspect");'],
    ["the package itself by its name", 'import "@store/gc";'],
  ])("refuse an import of %s", async (_, text) => {
    const problems = await problemsOf({ "packages/gc/src/plan.ts": text });
    expect(problems).toEqual([expect.stringContaining("@store/gc must not import @store/")]);
  });

  it("refuse an import of a neighbour in a test too", async () => {
    const problems = await problemsOf({
      "packages/gc/test/a.test.ts": 'import "@store/manifest";',
    });
    expect(problems).toHaveLength(1);
  });

  it("allow the tools of testing to tests and their configuration, and to nothing that ships", async () => {
    const text = 'import "@store/testing/mutants";';
    const manifest = { ...GC, devDependencies: { "@store/testing": "workspace:^" } };
    const files = {
      "packages/gc/package.json": manifest,
      "packages/gc/test/a.test.ts": text,
      "packages/gc/vitest.config.ts": text,
    };
    expect(await problemsOf(files)).toEqual([]);
    expect(await problemsOf({ ...files, "packages/gc/src/plan.ts": text })).toHaveLength(1);
  });

  it("refuse a path into another package", async () => {
    const text = 'export { isDigest } from "../../layout/src/digest.ts";';
    const problems = await problemsOf({ "packages/gc/src/plan.ts": text });
    expect(problems).toEqual([
      "packages/gc/src/plan.ts: reaches out to packages/layout/src/digest.ts",
    ]);
  });

  it("refuse an app that imports an app", async () => {
    const problems = await problemsOf({
      "apps/cli/package.json": { name: "@store/cli" },
      "apps/cli/src/main.ts": 'import "@store/daemon";',
    });
    expect(problems).toHaveLength(1);
  });

  it("refuse a manifest that declares a neighbour", async () => {
    const problems = await problemsOf({
      "packages/gc/package.json": { ...GC, devDependencies: { "@store/pack": "workspace:^" } },
    });
    expect(problems).toEqual(["packages/gc/package.json: @store/pack is not for @store/gc"]);
  });

  it("refuse a manifest that lacks what the design builds on", async () => {
    const problems = await problemsOf({ "packages/gc/package.json": { name: "@store/gc" } });
    expect(problems).toEqual([
      "packages/gc/package.json: @store/layout is no dependency of @store/gc",
    ]);
  });

  it("refuse a library nobody gave a place", async () => {
    const problems = await problemsOf({ "packages/extra/package.json": { name: "@store/extra" } });
    expect(problems).toEqual(["@store/extra: no rule says what it may import"]);
  });
});
