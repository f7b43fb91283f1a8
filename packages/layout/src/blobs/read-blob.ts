import type { AbortOptions } from "../abort-options.ts";
import type { ByteRange } from "../byte-source.ts";
import type { Digest } from "../digest/digest.ts";
import { isErrno } from "../errors/errno.ts";
import { explaining } from "../errors/system-error.ts";
import type { FsFile } from "../fs/fs-port.ts";
import type { Layout } from "../root/layout.ts";
import { blobNotFound } from "./blob-errors.ts";
import { findBlob } from "./find-blob.ts";

/** Bytes per chunk read: large enough that the calls cost nothing, small enough to hold a few. */
const READ_BYTES = 1024 * 1024;

/** How often sweeps may move a blob aside between finding and opening it. */
const ATTEMPTS_MAX = 100;

/** Opens a blob's file; a sweep may move it between the look and the open, so it looks again. */
async function openBlob(layout: Layout, digest: Digest): Promise<FsFile> {
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt += 1) {
    const found = await findBlob(layout, digest);
    if (found === undefined) break;
    try {
      return await layout.fs.open(found.path, "read");
    } catch (error) {
      if (!isErrno(error, "ENOENT")) throw error;
    }
  }
  throw blobNotFound(digest);
}

export async function* readBlob(
  layout: Layout,
  digest: Digest,
  options: Partial<ByteRange> & AbortOptions = {},
): AsyncGenerator<Uint8Array> {
  const { signal, start = 0, end = Number.POSITIVE_INFINITY } = options;
  if (!(start >= 0) || end < start) throw new RangeError(`not a range: ${start} to ${end}`);
  signal?.throwIfAborted();
  const file = await explaining(`read blob ${digest}`, () => openBlob(layout, digest));
  try {
    let at = start;
    while (at < end) {
      signal?.throwIfAborted();
      // A fresh buffer each time: the consumer may keep what it was given.
      const buffer = new Uint8Array(Math.min(READ_BYTES, end - at));
      const count = await explaining(`read blob ${digest}`, () => file.read(buffer, at));
      if (count > 0) yield count === buffer.length ? buffer : buffer.subarray(0, count);
      if (count < buffer.length) return;
      at += count;
    }
  } finally {
    await explaining(`read blob ${digest}`, () => file.close());
  }
}
