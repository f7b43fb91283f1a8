import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nodeFs } from "@store/layout";

import { createPackWriter, type FinishedPack, type PackDirectory } from "../../src/index.ts";

/** An empty directory of packs, gone when it is disposed. */
export interface TemporaryPacks extends AsyncDisposable {
  readonly home: PackDirectory;
  /** Names in it, sorted. */
  names(): Promise<readonly string[]>;
}

export async function createTemporaryPacks(): Promise<TemporaryPacks> {
  const dir = await mkdtemp(join(tmpdir(), "store-pack-"));
  return {
    home: { fs: nodeFs, dir },
    names: async () => (await readdir(dir)).toSorted(),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
  };
}

/** Writes one pack of some contents. */
export async function writePack(
  home: PackDirectory,
  contents: readonly Uint8Array[],
): Promise<FinishedPack> {
  await using writer = createPackWriter(home);
  for (const content of contents) await writer.add(content);
  return await writer.finish();
}

/** The files of a directory in memory, by name. */
export async function readFiles(dir: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const name of (await readdir(dir)).toSorted()) {
    files.set(name, new Uint8Array(await readFile(join(dir, name))));
  }
  return files;
}

export const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
export const fromHex = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(/\s/g, ""), "hex"));
