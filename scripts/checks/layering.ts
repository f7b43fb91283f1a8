// The libraries know each other exactly as designed, in their manifests and in their sources.
//
//   fetch ─► manifest ─► layout        gc ─► layout        pack ─► layout        apps ─► any library
//
// `turbo boundaries` knows layers only: it cannot tell which of the lower packages a package may
// use, and it does not look at what a manifest declares without importing it.

import { readFile } from "node:fs/promises";
import { join, posix } from "node:path";

import { listFiles } from "../list-files.ts";
import { parseModule } from "../parse-module.ts";
import { sourceRole } from "../source-files.ts";
import type { Step } from "../step.ts";
import { listProjects, type Project } from "../workspace.ts";

const SCOPE = "@store/";
/** What tests share. It is no library and ships with none. */
const TEST_TOOLS = "@store/testing";

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "@store/layout": [],
  "@store/manifest": ["@store/layout"],
  "@store/gc": ["@store/layout"],
  "@store/pack": ["@store/layout"],
  "@store/fetch": ["@store/layout", "@store/manifest"],
};

export const layering: Step = {
  name: "layering",
  run: async (root) => {
    const projects = await listProjects(root);
    const files = await listFiles(root);
    const libraries = projects.filter(({ kind }) => kind === "library").map(({ name }) => name);
    const problems: string[] = [];
    for (const project of projects) {
      const allowed = project.kind === "library" ? ALLOWED[project.name] : libraries;
      if (allowed === undefined) {
        problems.push(`${project.name}: no rule says what it may import`);
        continue;
      }
      if (project.kind === "library") problems.push(...checkManifest(project, allowed));
      for (const path of files.filter((file) => file.startsWith(`${project.dir}/`))) {
        if (sourceRole(path) === undefined) continue;
        const { imports } = parseModule(path, await readFile(join(root, path), "utf8"));
        for (const specifier of imports) {
          const problem = judgeImport(project, path, specifier, allowed);
          if (problem !== undefined) problems.push(`${path}: ${problem}`);
        }
      }
    }
    return { problems };
  },
};

/** A library declares the libraries it may use as dependencies, all of them and no other. */
function checkManifest(project: Project, allowed: readonly string[]): readonly string[] {
  const { dependencies, devDependencies, peerDependencies } = project.manifest;
  const declared = Object.keys(dependencies ?? {}).filter((name) => name.startsWith(SCOPE));
  const others = Object.keys({ ...devDependencies, ...peerDependencies });
  const forTests = others.filter((name) => name.startsWith(SCOPE) && name !== TEST_TOOLS);
  const wrong = [...declared, ...forTests]
    .filter((name) => !allowed.includes(name))
    .map((name) => `${project.dir}/package.json: ${name} is not for ${project.name}`);
  const missing = allowed
    .filter((name) => !declared.includes(name))
    .map((name) => `${project.dir}/package.json: ${name} is no dependency of ${project.name}`);
  return [...wrong, ...missing];
}

function judgeImport(
  project: Project,
  path: string,
  specifier: string,
  allowed: readonly string[],
): string | undefined {
  if (specifier.startsWith(".")) {
    const target = posix.join(posix.dirname(path), specifier);
    return target.startsWith(`${project.dir}/`) ? undefined : `reaches out to ${target}`;
  }
  if (!specifier.startsWith(SCOPE)) return undefined;
  const name = specifier.split("/").slice(0, 2).join("/");
  const isTest = sourceRole(path) === "test" || path.endsWith("/vitest.config.ts");
  if (name === TEST_TOOLS && isTest) return undefined;
  // A test may see its own package as a user does.
  if (name === project.name && sourceRole(path) === "test") return undefined;
  return allowed.includes(name) ? undefined : `${project.name} must not import ${specifier}`;
}
