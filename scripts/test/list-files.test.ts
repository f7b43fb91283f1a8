import { rm } from "node:fs/promises";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

import { listFiles } from "../list-files.ts";
import { runCommand } from "../run-command.ts";
import { plantTree } from "./planted-tree.ts";

const FILES = {
  ".gitignore": "dist/\nnode_modules/\n",
  "a.ts": "",
  "src/b.ts": "",
  "dist/c.js": "",
  "packages/gc/node_modules/d.js": "",
};

describe("files of the repository", () => {
  it("are those git tracks or would track, without those just deleted", async () => {
    await using tree = await plantTree({ ...FILES, "gone.ts": "" });
    await runCommand("git", ["init", "--quiet"], { cwd: tree.root });
    await runCommand("git", ["add", "a.ts", "gone.ts"], { cwd: tree.root });
    await rm(join(tree.root, "gone.ts"));
    expect(await listFiles(tree.root)).toEqual([".gitignore", "a.ts", "src/b.ts"]);
  });

  it("are all but results in a tree without git", async () => {
    await using tree = await plantTree(FILES);
    expect(await listFiles(tree.root)).toEqual([".gitignore", "a.ts", "src/b.ts"]);
  });
});
