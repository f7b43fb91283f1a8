import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/** A file that exists as a recipe: any part of it can be made at any time, always the same. */
export interface GeneratedFile {
  /** Bytes. */
  readonly size: number;
  /** The bytes `[start, end)`. */
  read(start: number, end: number): Uint8Array;
}

/** Bytes made and written at once. */
const WRITE_BYTES = 1024 * 1024;

function* chunksOf(file: GeneratedFile): Generator<Uint8Array> {
  for (let at = 0; at < file.size; at += WRITE_BYTES) {
    yield file.read(at, Math.min(file.size, at + WRITE_BYTES));
  }
}

/** Writes a generated file to disk, with the folders it needs. Memory does not grow with its size. */
export async function writeGeneratedFile(path: string, file: GeneratedFile): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await pipeline(Readable.from(chunksOf(file)), createWriteStream(path));
}

/** Bytes in memory as a generated file. */
export function fixedFile(bytes: Uint8Array): GeneratedFile {
  return { size: bytes.length, read: (start, end) => bytes.subarray(start, end) };
}
