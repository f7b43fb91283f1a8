import {
  type AbortOptions,
  type ByteRange,
  explaining,
  type FsFile,
  type FsPort,
  type FsStat,
  isErrno,
  StoreError,
} from "@store/layout";

import { modelNotFound, upstreamChanged } from "../../http/http-errors.ts";
import type { OpenedRange, SourceFile } from "../../source.ts";

/** Bytes per read: large enough for a disk, small enough to start writing soon. */
const READ_BYTES = 1024 * 1024;

/**
 * Opens a range of a regular file. A file that changes while it is read is an error, since nothing
 * else would tell that its parts do not belong together.
 */
export async function openFileRange(
  fs: FsPort,
  path: string,
  { size }: SourceFile,
  range: ByteRange,
  options: AbortOptions = {},
): Promise<OpenedRange> {
  options.signal?.throwIfAborted();
  const file = await openRegular(fs, path);
  try {
    const before = await file.stat();
    if (before.kind !== "file") throw notRegular(path);
    if (size !== undefined && before.size !== size) {
      throw upstreamChanged(path, "its size", { expected: size, actual: before.size });
    }
    const end = Math.min(range.end, before.size);
    const start = Math.min(range.start, end);
    return {
      start,
      end,
      total: before.size,
      body: readRange(file, path, before, { start, end }, options.signal),
    };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function openRegular(fs: FsPort, path: string): Promise<FsFile> {
  return explaining(`read ${path}`, async () => {
    try {
      return await fs.open(path, "read");
    } catch (error) {
      if (isErrno(error, "ENOENT")) throw modelNotFound(path, "file");
      // What `open` answers for a socket.
      if (isErrno(error, "ENXIO")) throw notRegular(path);
      throw error;
    }
  });
}

function readRange(
  file: FsFile,
  path: string,
  before: FsStat,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): AsyncIterableIterator<Uint8Array> {
  let at = start;
  let closing: Promise<void> | undefined;
  const close = (): Promise<void> => (closing ??= file.close());

  async function next(): Promise<IteratorResult<Uint8Array>> {
    signal?.throwIfAborted();
    if (closing !== undefined) return { done: true, value: undefined };
    if (at < end) {
      const buffer = new Uint8Array(Math.min(READ_BYTES, end - at));
      const count = await explaining(`read ${path}`, () => file.read(buffer, at));
      at += count;
      if (count === buffer.length) return { done: false, value: buffer };
      throw upstreamChanged(path, "its size", { expected: before.size, actual: at });
    }
    const after = await file.stat();
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) {
      throw upstreamChanged(path, "its modification time", {
        expected: before.mtimeMs,
        actual: after.mtimeMs,
      });
    }
    await close();
    return { done: true, value: undefined };
  }

  const body: AsyncIterableIterator<Uint8Array> = {
    async next() {
      try {
        return await next();
      } catch (error) {
        await close();
        throw error;
      }
    },
    async return() {
      await close();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]: () => body,
  };
  return body;
}

function notRegular(path: string): StoreError {
  return new StoreError(`not a regular file: ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_NOT_A_FILE",
    hint: "Choose a file, or the directory of a model.",
    detail: { path },
  });
}
