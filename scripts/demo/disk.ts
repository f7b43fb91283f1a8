import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";

/** Bytes of the regular files below a directory, each file once however many names it has. */
export async function diskBytes(directory: string): Promise<number> {
  const sizes = new Map<number, number>();
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const { ino, size } = await lstat(join(entry.parentPath, entry.name));
    sizes.set(ino, size);
  }
  return [...sizes.values()].reduce((sum, size) => sum + size, 0);
}

/** What the first bytes of a GGUF file say, read as a runtime reads them. */
export interface GgufHead {
  readonly magic: string;
  readonly version: number;
  readonly tensorCount: number;
  /** Bytes of the file. */
  readonly size: number;
}

export async function readGgufHead(path: string): Promise<GgufHead> {
  await using file = await open(path, "r");
  const head = Buffer.alloc(16);
  await file.read(head, 0, head.length, 0);
  return {
    magic: head.toString("latin1", 0, 4),
    version: head.readUInt32LE(4),
    tensorCount: Number(head.readBigUInt64LE(8)),
    size: (await file.stat()).size,
  };
}
