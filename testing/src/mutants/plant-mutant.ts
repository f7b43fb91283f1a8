import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { onTestFinished } from "vitest";

import { type Mutant, mutate } from "./mutant.ts";

/**
 * Copies the sources of the package in `root`, with one bug in them, to where they find their
 * dependencies. They go when the test is over.
 *
 * @returns the module that exports the package
 */
export async function plantMutant<Api>(root: string, mutant: Mutant): Promise<Api> {
  const directory = join(root, ".tmp");
  await mkdir(directory, { recursive: true });
  const copy = await mkdtemp(join(directory, "mutant-"));
  onTestFinished(() => rm(copy, { recursive: true }));
  await cp(join(root, "src"), copy, {
    recursive: true,
    filter: (path) => !path.includes(".test."),
  });
  const file = join(copy, mutant.file);
  await writeFile(file, mutate(await readFile(file, "utf8"), mutant));
  return import(/* @vite-ignore */ join(copy, "index.ts")) as Promise<Api>;
}
