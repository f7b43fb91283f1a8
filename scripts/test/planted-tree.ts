// A small repository in a temporary directory, to plant violations in.

import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface PlantedTree extends AsyncDisposable {
  readonly root: string;
}

/** Writes `files`, given as text or as a value to be written as JSON. */
export async function plantTree(files: Readonly<Record<string, unknown>>): Promise<PlantedTree> {
  const root = await realpath(await mkdtemp(join(tmpdir(), "store-planted-")));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    const text = typeof content === "string" ? content : `${JSON.stringify(content, null, 2)}\n`;
    await writeFile(join(root, path), text);
  }
  return { root, [Symbol.asyncDispose]: () => rm(root, { recursive: true }) };
}

/** Text with `count` lines. */
export function linesOfCode(count: number): string {
  return "// a line\n".repeat(count);
}
