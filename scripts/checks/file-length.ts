// A source file stays short enough to be read in one go.

import { readFile } from "node:fs/promises";
import { join } from "node:path";

import { listFiles } from "../list-files.ts";
import { sourceRole } from "../source-files.ts";
import type { Step } from "../step.ts";

const SOURCE = /^(?:(?:packages|apps)\/[^/]+\/(?:src|test|crash)|scripts|bench|testing)\//;

const SOURCE_LINES_SOFT = 200;
const SOURCE_LINES_MAX = 300;
/** A test file lists cases; splitting it early only scatters them. */
const TEST_LINES_MAX = 500;

export const fileLength: Step = {
  name: "file-length",
  run: async (root) => {
    const problems: string[] = [];
    const long: string[] = [];
    for (const path of await listFiles(root)) {
      const role = SOURCE.test(path) ? sourceRole(path) : undefined;
      if (role === undefined) continue;
      const count = countLines(await readFile(join(root, path), "utf8"));
      const max = role === "test" ? TEST_LINES_MAX : SOURCE_LINES_MAX;
      if (count > max) problems.push(`${path} has ${count} lines, at most ${max} are allowed`);
      else if (role !== "test" && count > SOURCE_LINES_SOFT) long.push(`${path} (${count})`);
    }
    const notes = long.length === 0 ? [] : [`over ${SOURCE_LINES_SOFT} lines: ${long.join(", ")}`];
    return { problems, notes };
  },
};

function countLines(text: string): number {
  const breaks = text.split("\n").length - 1;
  return text === "" || text.endsWith("\n") ? breaks : breaks + 1;
}
