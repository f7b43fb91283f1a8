// The public names of every library are the ones somebody decided on.
//
// A committed snapshot lists each name of each entry and whether it is a value or a type, so that a
// change of the public face shows up in a review. The values are confirmed by loading what was
// built. `node scripts/checks/exports.ts --update` rewrites the snapshots.

import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

import { parseModule } from "../parse-module.ts";
import { print, type Step } from "../step.ts";
import { listProjects, type Project } from "../workspace.ts";

const SNAPSHOT = "exports.snap.txt";
const UPDATE = "pnpm snapshot";

/** One entry of a library's `exports`, e.g. `./testing`. */
export interface PublicEntry {
  readonly subpath: string;
  readonly source: string;
  readonly built: string;
}

export const exports: Step = {
  name: "exports",
  run: async (root) => {
    const problems: string[] = [];
    for (const project of await listProjects(root)) {
      if (project.kind === "library") problems.push(...(await checkLibrary(root, project)));
    }
    return { problems };
  },
};

async function checkLibrary(root: string, project: Project): Promise<readonly string[]> {
  try {
    return await compareLibrary(root, project);
  } catch (error) {
    return [`${project.name}: ${messageOf(error)}`];
  }
}

async function compareLibrary(root: string, project: Project): Promise<readonly string[]> {
  const snapshot = await takeSnapshot(root, project);
  const path = join(project.dir, SNAPSHOT);
  const committed = await readIfPresent(join(root, path));
  const problems: string[] = [];
  if (committed === undefined) {
    problems.push(`${path}: is missing; write it with: ${UPDATE}`);
  } else {
    problems.push(...compareSnapshots(committed, snapshot).map((line) => `${path}: ${line}`));
    if (problems.length > 0) problems.push(`if that is meant, run: ${UPDATE}`);
  }
  for (const entry of listEntries(project)) {
    problems.push(...(await checkBuilt(root, project, entry)));
  }
  return problems;
}

/** The public names of a library, one line each, sorted within each entry. */
export async function takeSnapshot(root: string, project: Project): Promise<string> {
  const lines = [`# Public names of ${project.name}. A change here is a change for its users.`];
  for (const entry of listEntries(project)) {
    lines.push("", `[${entry.subpath}]`);
    const names = await readNames(root, project, entry);
    const sorted = names.toSorted((a, b) => (a.name < b.name ? -1 : 1));
    lines.push(...sorted.map(({ name, kind }) => `${kind.padEnd(5)} ${name}`));
  }
  return `${lines.join("\n")}\n`;
}

async function readNames(root: string, project: Project, entry: PublicEntry) {
  const path = join(project.dir, entry.source);
  const module = parseModule(path, await readFile(join(root, path), "utf8"));
  const [star] = module.stars;
  if (star !== undefined) throw new Error(`${path} exports * from ${star}; name what is public`);
  return module.exports;
}

/** What of an entry is built differs from what its source promises. */
async function checkBuilt(
  root: string,
  project: Project,
  entry: PublicEntry,
): Promise<readonly string[]> {
  const names = await readNames(root, project, entry);
  const promised = names.filter(({ kind }) => kind === "value").map(({ name }) => name);
  const path = join(project.dir, entry.built);
  try {
    const built: object = await import(pathToFileURL(resolve(root, path)).href);
    const found = Object.keys(built);
    const missing = promised.filter((name) => !found.includes(name));
    const extra = found.filter((name) => !promised.includes(name));
    return [
      ...missing.map((name) => `${path}: does not export ${name}`),
      ...extra.map((name) => `${path}: exports ${name}, which the source does not`),
    ];
  } catch (error) {
    return [`${path}: cannot be loaded: ${String(error)}`];
  }
}

function listEntries(project: Project): readonly PublicEntry[] {
  const entries: PublicEntry[] = [];
  for (const [subpath, target] of Object.entries(project.manifest.exports ?? {})) {
    if (subpath === "./package.json") continue;
    const where = `${project.dir}/package.json: exports["${subpath}"]`;
    if (subpath.includes("*")) throw new Error(`${where} is a pattern; name each entry`);
    if (typeof target === "string") throw new Error(`${where} names no source`);
    const { "@store/source": source, default: built } = target;
    if (source === undefined || built === undefined) throw new Error(`${where} names no source`);
    entries.push({ subpath, source, built });
  }
  return entries;
}

/** The lines two snapshots do not share, in the order a reader expects them. */
export function compareSnapshots(committed: string, current: string): readonly string[] {
  const before = withEntries(committed);
  const after = withEntries(current);
  return [
    ...before.filter((line) => !after.includes(line)).map((line) => `gone   ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `new    ${line}`),
  ];
}

function withEntries(snapshot: string): readonly string[] {
  const lines: string[] = [];
  let entry = "";
  for (const line of snapshot.split("\n")) {
    if (line.startsWith("[")) entry = line;
    else if (line !== "" && !line.startsWith("#")) lines.push(`${entry} ${line}`);
  }
  return lines;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function update(root: string): Promise<void> {
  for (const project of await listProjects(root)) {
    if (project.kind !== "library") continue;
    const path = join(project.dir, SNAPSHOT);
    try {
      const snapshot = await takeSnapshot(root, project);
      if (snapshot === (await readIfPresent(join(root, path)))) continue;
      await writeFile(join(root, path), snapshot);
      print(`wrote ${path}`);
    } catch (error) {
      print(`${project.name}: ${messageOf(error)}`);
      process.exitCode = 1;
    }
  }
}

if (import.meta.main) {
  if (process.argv[2] !== "--update") throw new Error("the only thing to ask for is --update");
  await update(resolve(import.meta.dirname, "../.."));
}
