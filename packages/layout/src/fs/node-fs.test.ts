import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it } from "vitest";

import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { nodeFs } from "./node-fs.ts";

it("creates no file where anything has the name, a link to nothing included", async () => {
  await using temporary = await createTemporaryLayout();
  const at = (name: string): string => join(temporary.root, "..", name);
  await writeFile(at("file"), "mine");
  await symlink(at("target"), at("link"));
  for (const name of ["file", "link"])
    await expect(nodeFs.open(at(name), "create")).rejects.toMatchObject({ code: "EEXIST" });
  expect(await readFile(at("file"), "utf8")).toBe("mine");
  await expect(readFile(at("target"))).rejects.toMatchObject({ code: "ENOENT" });
});
