import { describe, expect, it } from "vitest";

import { thirdParty } from "../checks/third-party.ts";
import { plantTree } from "./planted-tree.ts";

const MANIFEST = { "packages/gc/package.json": { name: "@store/gc" } };

async function problemsOf(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
  await using tree = await plantTree({ ...MANIFEST, ...files });
  return (await thirdParty.run(tree.root)).problems;
}

describe("third-party libraries", () => {
  it("may be imported by one file that the others import", async () => {
    const problems = await problemsOf({
      "packages/gc/src/schema.ts": 'export { z } from "zod";',
      "packages/gc/src/plan.ts": 'export { z } from "./schema.ts";',
    });
    expect(problems).toEqual([]);
  });

  it.each([
    ["another import", 'import { z } from "zod"; export { z };'],
    ["a type-only import", 'import type { z } from "zod"; export type { z };'],
    ["a dynamic import", 'export const z = await import("zod");'],
    ["a path inside it", 'export { z } from "zod/v4/core";'],
  ])("may not be imported by a second file: %s", async (_, second) => {
    const problems = await problemsOf({
      "packages/gc/src/schema.ts": 'export { z } from "zod";',
      "packages/gc/src/plan.ts": second,
    });
    expect(problems).toEqual([
      "@store/gc: zod is imported by packages/gc/src/plan.ts, packages/gc/src/schema.ts",
    ]);
  });

  it("are told apart by the whole name when they have a scope", async () => {
    const problems = await problemsOf({
      "packages/gc/src/a.ts": 'export { a } from "@scope/a";',
      "packages/gc/src/b.ts": 'export { b } from "@scope/b";',
    });
    expect(problems).toEqual([]);
  });

  it("are counted for each project on its own", async () => {
    const problems = await problemsOf({
      "apps/cli/package.json": '{ "name": "@store/cli" }',
      "apps/cli/src/schema.ts": 'export { z } from "zod";',
      "packages/gc/src/schema.ts": 'export { z } from "zod";',
    });
    expect(problems).toEqual([]);
  });

  it("are neither the platform nor the packages of this repository", async () => {
    const text =
      'import "node:fs"; import "fs/promises"; import "@store/layout"; import "#internal";';
    const problems = await problemsOf({
      "packages/gc/src/a.ts": text,
      "packages/gc/src/b.ts": text,
    });
    expect(problems).toEqual([]);
  });

  it("do not count in tests", async () => {
    const problems = await problemsOf({
      "packages/gc/src/schema.ts": 'export { z } from "zod";',
      "packages/gc/src/schema.test.ts": 'import { z } from "zod"; export { z };',
      "packages/gc/test/plan.ts": 'import { z } from "zod"; export { z };',
    });
    expect(problems).toEqual([]);
  });

  it("may be shared in src/testing if they are tools of testing, and only then", async () => {
    const text = 'import "vitest"; import "fast-check"; import "zod";';
    const problems = await problemsOf({
      "packages/gc/src/testing/a.ts": text,
      "packages/gc/src/testing/b.ts": text,
    });
    expect(problems).toEqual([
      "@store/gc: zod is imported by packages/gc/src/testing/a.ts, packages/gc/src/testing/b.ts",
    ]);
  });

  it("of testing may not be shared outside src/testing", async () => {
    const problems = await problemsOf({
      "packages/gc/src/a.ts": 'import "vitest";',
      "packages/gc/src/b.ts": 'import "vitest";',
    });
    expect(problems).toHaveLength(1);
  });
});
