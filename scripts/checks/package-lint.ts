// What would be published is what a consumer's tools expect: entries that exist, types that resolve.
//
// Each project is packed by pnpm exactly as a release packs it, and the linters read the archive.

import { glob, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { runCommand } from "../run-command.ts";
import type { Step } from "../step.ts";
import { listProjects, type Project } from "../workspace.ts";

export const packageLint: Step = {
  name: "package-lint",
  run: async (root) => {
    const dir = await mkdtemp(join(tmpdir(), "store-packages-"));
    try {
      const published = (await listProjects(root)).filter(({ kind }) => kind !== "tools");
      const problems: string[] = [];
      for (const project of published) problems.push(...(await lintPacked(root, project, dir)));
      return { problems };
    } finally {
      await rm(dir, { recursive: true });
    }
  },
};

async function lintPacked(root: string, project: Project, dir: string): Promise<readonly string[]> {
  const target = join(dir, project.dir);
  const cwd = resolve(root, project.dir);
  const packed = await runCommand("pnpm", ["pack", "--pack-destination", target], { cwd, root });
  const [name] = await Array.fromAsync(glob("*.tgz", { cwd: target }));
  if (packed.code !== 0 || name === undefined) {
    return [`${project.name}: cannot be packed\n${packed.output}`];
  }
  const archive = join(target, name);
  const linters = [["publint", "run", archive, "--strict"]];
  if (project.kind === "library") {
    const plain = ["--format", "ascii", "--no-color", "--no-emoji"];
    linters.push(["attw", archive, "--profile", "esm-only", "--no-definitely-typed", ...plain]);
  }
  const runs = linters.map(async ([command = "", ...args]) => {
    const { code, output } = await runCommand(command, args, { cwd: root });
    return code === 0 ? [] : [`${project.name}: ${command}\n${output}`];
  });
  return (await Promise.all(runs)).flat();
}
