import { randomFillSync } from "node:crypto";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A directory of its own, gone afterwards. */
export async function withScratch<T>(body: (directory: string) => Promise<T>): Promise<T> {
  const directory = await mkdtemp(join(tmpdir(), "store-bench-"));
  try {
    return await body(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes a file of random bytes, and makes it durable so that its write-back disturbs nothing. */
export async function writeRandomFile(path: string, sizeBytes: number): Promise<void> {
  const file = await open(path, "w");
  const chunk = Buffer.alloc(8 * 1024 * 1024);
  for (let at = 0; at < sizeBytes; at += chunk.length) {
    randomFillSync(chunk);
    await file.write(chunk, 0, Math.min(chunk.length, sizeBytes - at), at);
  }
  await file.sync();
  await file.close();
}

/** Bytes of the large file in benchmarks; `STORE_BENCH_BYTES` sets another size. */
export const LARGE_BYTES: number = Number(process.env["STORE_BENCH_BYTES"] ?? 1024 ** 3);
