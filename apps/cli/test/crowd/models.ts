import { createHash } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the files there are: few, so that models meet in them. */
const SIZES = [120, 3_000, 40_000, 40_001, 90_000, 300_000] as const;

/** Models by their keys, each a list of files: `s…` of one file, `m…` of several. */
const MODELS: Readonly<Record<string, readonly number[]>> = {
  s0: [0],
  s2: [2],
  s5: [5],
  m0: [0, 1, 2],
  m1: [1, 2, 3],
  m2: [3, 4],
  m3: [0, 5],
};

export const MODEL_KEYS: readonly string[] = Object.keys(MODELS);
export const isSingle = (key: string): boolean => key.startsWith("s");

function contentOf(index: number): Uint8Array {
  const bytes = Buffer.alloc(SIZES[index] ?? 0);
  for (let at = 0; at < bytes.length; at += 32) {
    createHash("sha256").update(`${index} ${at}`).digest().copy(bytes, at);
  }
  return bytes;
}

/** SHA-256 in hex of every file of a model. */
export function hashesOf(key: string): readonly string[] {
  return (MODELS[key] ?? []).map((index) =>
    createHash("sha256").update(contentOf(index)).digest("hex"),
  );
}

/** The model whose files have these hashes, whatever else there is; `undefined` for any other. */
export function modelWith(hashes: ReadonlySet<string>): string | undefined {
  const known = new Set(MODEL_KEYS.flatMap(hashesOf));
  const found = [...hashes].filter((hash) => known.has(hash)).toSorted();
  return MODEL_KEYS.find((key) => hashesOf(key).toSorted().join() === found.join());
}

/** Where a model lies outside the store: a file, or a directory of files. */
export function sourceOf(directory: string, key: string): string {
  return isSingle(key) ? join(directory, key, "f0.bin") : join(directory, key);
}

/** Writes all models there are. */
export async function writeSources(directory: string): Promise<void> {
  for (const [key, files] of Object.entries(MODELS)) {
    await mkdir(join(directory, key), { recursive: true });
    for (const [at, index] of files.entries()) {
      await writeFile(join(directory, key, `f${at}.bin`), contentOf(index));
    }
  }
}
