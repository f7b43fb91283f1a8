// The projects of the workspace, read from their manifests.

import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

export interface ProjectManifest {
  readonly name: string;
  readonly private?: boolean;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export interface Project {
  readonly name: string;
  readonly kind: "library" | "app" | "tools";
  /** Relative to the repository, with forward slashes. */
  readonly dir: string;
  readonly manifest: ProjectManifest;
}

const KINDS = [
  { kind: "library", pattern: "packages/*/package.json" },
  { kind: "app", pattern: "apps/*/package.json" },
  { kind: "tools", pattern: "{bench,testing}/package.json" },
] as const;

/** Libraries, then apps, then the tools of development; each kind sorted by directory. */
export async function listProjects(root: string): Promise<readonly Project[]> {
  const projects: Project[] = [];
  for (const { kind, pattern } of KINDS) {
    const paths = await Array.fromAsync(glob(pattern, { cwd: root }));
    for (const path of paths.toSorted()) {
      const manifest: ProjectManifest = JSON.parse(await readFile(join(root, path), "utf8"));
      const dir = dirname(path).replaceAll("\\", "/");
      projects.push({ name: manifest.name, kind, dir, manifest });
    }
  }
  return projects;
}
