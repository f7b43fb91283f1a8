// The files that belong to the repository: what git tracks, and what it would track if added.
//
// Looking at new files as well makes a check answer the same before and after a commit.

import { access, readdir } from "node:fs/promises";
import { join } from "node:path";

import { runCommand } from "./run-command.ts";

/** Directories that hold results, for a copy of the sources that has no git. */
const RESULT_DIRECTORIES = new Set([".git", ".tmp", ".turbo", "coverage", "dist", "node_modules"]);

/** Paths relative to `root` with forward slashes, sorted; files deleted but not committed are left out. */
export async function listFiles(root: string): Promise<readonly string[]> {
  const listed = await runCommand(
    "git",
    // The tree of a CI machine often belongs to another user than the one who tests it.
    ["-c", "safe.directory=*", "ls-files", "-z", "-c", "-o", "--exclude-standard", "--deduplicate"],
    { cwd: root },
  );
  const paths = listed.code === 0 ? listed.output.split("\0") : await walk(root);
  const present: string[] = [];
  for (const path of paths) {
    if (path !== "" && (await exists(join(root, path)))) present.push(path);
  }
  return present.toSorted();
}

async function walk(root: string, dir = ""): Promise<readonly string[]> {
  const found: string[] = [];
  for (const entry of await readdir(join(root, dir), { withFileTypes: true })) {
    const path = dir === "" ? entry.name : `${dir}/${entry.name}`;
    if (entry.isFile()) found.push(path);
    if (!entry.isDirectory() || RESULT_DIRECTORIES.has(entry.name)) continue;
    found.push(...(await walk(root, path)));
  }
  return found;
}

async function exists(path: string): Promise<boolean> {
  try {
    await access(path);
    return true;
  } catch {
    return false;
  }
}
