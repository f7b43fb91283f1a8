// Within a project, one source file imports a third-party library, and the others import that file.
//
// A library can then be replaced, wrapped or mocked in one place. Tests may import what they like;
// the suites a package offers in `src/testing` may share the tools of testing.

import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { join } from "node:path";

import { listFiles } from "../list-files.ts";
import { parseModule } from "../parse-module.ts";
import { type SourceRole, sourceRole } from "../source-files.ts";
import type { Step } from "../step.ts";
import { listProjects } from "../workspace.ts";

const TEST_LIBRARIES = new Set(["vitest", "fast-check"]);

export const thirdParty: Step = {
  name: "third-party",
  run: async (root) => {
    const files = await listFiles(root);
    const problems: string[] = [];
    for (const project of await listProjects(root)) {
      if (project.kind === "tools") continue;
      const users = new Map<string, string[]>();
      for (const path of files.filter((file) => file.startsWith(`${project.dir}/src/`))) {
        const role = sourceRole(path);
        if (role === undefined || role === "test") continue;
        const text = await readFile(join(root, path), "utf8");
        for (const library of thirdPartyLibraries(path, text, role)) {
          users.set(library, [...(users.get(library) ?? []), path]);
        }
      }
      for (const [library, paths] of users) {
        if (paths.length > 1) {
          problems.push(`${project.name}: ${library} is imported by ${paths.join(", ")}`);
        }
      }
    }
    return { problems };
  },
};

/** The third-party libraries a module imports that count, each once. */
function thirdPartyLibraries(path: string, text: string, role: SourceRole): ReadonlySet<string> {
  const libraries = parseModule(path, text)
    .imports.map(libraryOf)
    .filter((library) => library !== undefined)
    .filter((library) => role !== "testing" || !TEST_LIBRARIES.has(library));
  return new Set(libraries);
}

/** `zod` for `zod/v4`, `@hono/node-server` for a path in it; `undefined` for what is not a library. */
function libraryOf(specifier: string): string | undefined {
  if (/^[./#]/.test(specifier) || /^[a-z]+:/.test(specifier)) return undefined;
  if (isBuiltin(specifier) || specifier.startsWith("@store/")) return undefined;
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0];
}
