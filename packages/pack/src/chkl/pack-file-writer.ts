import { join } from "node:path";

import { type FsFile, temporaryName, writeFully } from "@store/layout";

import { createPackNameHash, type PackNameHash } from "../hash/pack-name.ts";
import type { PackKey } from "../hash/pack-key.ts";
import {
  encodePackHeader,
  ENTRY_HEADER_BYTES,
  HEADER_BYTES,
  writeEntryHeader,
} from "./pack-header.ts";
import type { PackDirectory } from "./pack-home.ts";
import type { PackId } from "./pack-id.ts";

/** A `.dat` being written under a temporary name. */
export interface PackFileWriter {
  /** Bytes so far, the header included. */
  readonly size: number;
  readonly path: string;
  append(key: PackKey, frame: Uint8Array): Promise<void>;
  /** Writes the header and makes the file durable. It still has its temporary name. */
  finish(count: number): Promise<PackId>;
  /** Closes and removes the temporary file. */
  discard(): Promise<void>;
}

/** Small entries are gathered to writes of this size. */
const BUFFER_BYTES = 1024 * 1024;

export async function createPackFileWriter(directory: PackDirectory): Promise<PackFileWriter> {
  const { fs, dir } = directory;
  const name = await createPackNameHash();
  const path = join(dir, temporaryName());
  return fileWriter(directory, path, await fs.open(path, "create"), name);
}

function fileWriter(
  directory: PackDirectory,
  path: string,
  file: FsFile,
  name: PackNameHash,
): PackFileWriter {
  const buffer = new Uint8Array(BUFFER_BYTES);
  // The header is written at the end: until then its place holds zeros, and the file is no pack.
  let buffered = HEADER_BYTES;
  let written = 0;
  let closed = false;

  /** Writes what was gathered. The name is that of all bytes after the header's place. */
  async function flush(): Promise<void> {
    const bytes = buffer.subarray(0, buffered);
    name.update(written === 0 ? bytes.subarray(HEADER_BYTES) : bytes);
    await writeFully(file, bytes, written);
    written += buffered;
    buffered = 0;
  }

  /** Writes what is larger than the buffer, a piece at a time: hashing it holds the thread. */
  async function writeLarge(bytes: Uint8Array): Promise<void> {
    await flush();
    for (let start = 0; start < bytes.length; start += BUFFER_BYTES) {
      const piece = bytes.subarray(start, start + BUFFER_BYTES);
      name.update(piece);
      await writeFully(file, piece, written);
      written += piece.length;
    }
  }

  async function close(): Promise<void> {
    if (closed) return;
    closed = true;
    await file.close();
  }

  return {
    path,
    get size() {
      return written + buffered;
    },
    async append(key, frame) {
      if (ENTRY_HEADER_BYTES + frame.length > buffer.length - buffered) await flush();
      writeEntryHeader(buffer, buffered, key, frame.length);
      buffered += ENTRY_HEADER_BYTES;
      if (frame.length > buffer.length - buffered) {
        await writeLarge(frame);
      } else {
        buffer.set(frame, buffered);
        buffered += frame.length;
      }
    },
    async finish(count) {
      await flush();
      const header = encodePackHeader(count);
      await writeFully(file, header, 0);
      // Best effort: not every file system keeps modes.
      await file.chmod(0o444).catch(() => {});
      await file.sync();
      await close();
      return name.finish(header);
    },
    async discard() {
      // Best effort: a leftover is ignored by every listing and swept by age.
      await close().catch(() => {});
      await directory.fs.unlink(path).catch(() => {});
    },
  };
}
