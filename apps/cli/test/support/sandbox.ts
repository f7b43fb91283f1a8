import { createHash } from "node:crypto";
import { lstat, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { generateGguf, type GgufOptions } from "@store/fetch/testing";

import { runHere } from "./run-here.ts";
import { type RunOptions, runStore, type StoreRun } from "./run-store.ts";

/** A home directory that belongs to one test, and the store in it. */
export interface Sandbox extends AsyncDisposable {
  readonly home: string;
  /** The store: `MODELS_HOME`. */
  readonly models: string;
  /** Runs `store` in this process, which is fast. */
  run(...args: readonly string[]): Promise<StoreRun>;
  /** Runs `store` in a process of its own, as a shell does. */
  spawn(args: readonly string[], options?: Omit<RunOptions, "home">): Promise<StoreRun>;
  /** Runs `store … --json` and reads its answer; the run must succeed. */
  json(...args: readonly string[]): Promise<Record<string, unknown>>;
  /** Writes a file, with the directories it needs, and answers its path. */
  write(name: string, bytes: Uint8Array | string): Promise<string>;
  /** Writes a small model and answers its path. */
  writeModel(name: string, options?: GgufOptions): Promise<string>;
  /** Every file of the store with a hash of its bytes, and every directory. */
  snapshot(): Promise<readonly string[]>;
}

export async function createSandbox(): Promise<Sandbox> {
  const home = await mkdtemp(join(tmpdir(), "store-cli-"));
  const models = join(home, "models");

  async function write(name: string, bytes: Uint8Array | string): Promise<string> {
    const path = join(home, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
    return path;
  }

  return {
    home,
    models,
    run: (...args) => runHere(args, { home }),
    spawn: (args, options) => runStore(args, { ...options, home }),
    async json(...args) {
      const run = await runHere([...args, "--json"], { home });
      if (run.code !== 0) throw new Error(`store ${args.join(" ")}: ${run.code} ${run.stderr}`);
      return JSON.parse(run.stdout) as Record<string, unknown>;
    },
    write,
    writeModel(name, options = {}) {
      const file = generateGguf({ sizeBytes: 64 * 1024, ...options });
      return write(name, file.read(0, file.size));
    },
    snapshot: () => snapshot(models),
    [Symbol.asyncDispose]: () => rm(home, { recursive: true, force: true }),
  };
}

async function snapshot(root: string, below = ""): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const name of (await readdir(join(root, below)).catch(() => [])).toSorted()) {
    const path = below === "" ? name : `${below}/${name}`;
    if ((await lstat(join(root, path))).isDirectory()) {
      lines.push(`${path}/`, ...(await snapshot(root, path)));
    } else {
      const hash = createHash("sha256").update(await readFile(join(root, path)));
      lines.push(`${path} ${hash.digest("hex")}`);
    }
  }
  return lines;
}
