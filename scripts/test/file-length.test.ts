import { describe, expect, it } from "vitest";

import { fileLength } from "../checks/file-length.ts";
import { linesOfCode, plantTree } from "./planted-tree.ts";

async function judge(path: string, count: number) {
  await using tree = await plantTree({ [path]: linesOfCode(count) });
  return await fileLength.run(tree.root);
}

describe("the length of a file", () => {
  it("is worth a note above 200 lines", async () => {
    expect(await judge("packages/gc/src/a.ts", 200)).toEqual({ problems: [], notes: [] });
    expect(await judge("packages/gc/src/a.ts", 201)).toEqual({
      problems: [],
      notes: ["over 200 lines: packages/gc/src/a.ts (201)"],
    });
  });

  it.each(["packages/gc/src/deep/a.ts", "apps/cli/src/a.ts", "scripts/a.ts", "bench/a.ts"])(
    "is wrong above 300 lines in %s",
    async (path) => {
      expect((await judge(path, 300)).problems).toEqual([]);
      expect((await judge(path, 301)).problems).toEqual([
        `${path} has 301 lines, at most 300 are allowed`,
      ]);
    },
  );

  it.each(["packages/gc/src/a.test.ts", "packages/gc/test/a.ts", "scripts/test/a.test.ts"])(
    "is wrong above 500 lines in the test %s, and worth no note below",
    async (path) => {
      expect(await judge(path, 500)).toEqual({ problems: [], notes: [] });
      expect((await judge(path, 501)).problems).toHaveLength(1);
    },
  );

  it("does not matter for what is not source", async () => {
    expect(await judge("packages/gc/README.md", 900)).toEqual({ problems: [], notes: [] });
    expect(await judge("packages/gc/dist/a.js", 900)).toEqual({ problems: [], notes: [] });
  });

  it("counts a last line without a line break", async () => {
    await using tree = await plantTree({ "scripts/a.ts": `${linesOfCode(300)}// the 301st` });
    expect((await fileLength.run(tree.root)).problems).toHaveLength(1);
  });
});
