import type { AbortOptions } from "@store/layout";
import type { RangeReader } from "@store/manifest/inspect";

import { rangeIgnored, upstreamChanged } from "../http/http-errors.ts";
import { retrying } from "../http/retrying.ts";
import { defaultRetryPolicy } from "../http/retry-policy.ts";
import type { Timers } from "../http/timers.ts";
import type { ResolvedModel, Source, SourceFile } from "../source.ts";

/** Reads of less are rounded up, so that a header of many small steps is few requests. */
const READ_BYTES_MIN = 64 * 1024;

export interface RemoteFile {
  readonly source: Source;
  readonly model: ResolvedModel;
  readonly file: SourceFile & { readonly size: number };
}

/** A reader of ranges that counts what it fetched. */
export interface RemoteRanges extends RangeReader {
  readonly bytesFetched: number;
}

/** A remote file as something to inspect. The last range is kept: readers begin at the start twice. */
export function createRemoteRanges(
  { source, model, file }: RemoteFile,
  timers: Timers,
  { signal }: AbortOptions,
): RemoteRanges {
  let bytesFetched = 0;
  let kept: { readonly start: number; readonly bytes: Uint8Array } | undefined;

  async function fetchOnce(start: number, end: number): Promise<Uint8Array> {
    const opened = await source.open(model, file, { start, end }, { signal });
    const bytes = new Uint8Array(end - start);
    let at = opened.start;
    const iterator = opened.body[Symbol.asyncIterator]();
    if (at > start) {
      await iterator.return?.();
      throw rangeIgnored(file.path, start, at);
    }
    // A source that ignores ranges sends everything: only as much as is needed is taken.
    while (at < end) {
      const { done, value } = await iterator.next();
      if (done === true) break;
      bytesFetched += value.length;
      const from = Math.max(start, at);
      const wanted = value.subarray(from - at, Math.min(value.length, end - at));
      if (from < at + value.length) bytes.set(wanted, from - start);
      at += value.length;
    }
    await iterator.return?.();
    if (at < end) throw upstreamChanged(file.path, "its size", { expected: file.size, actual: at });
    return bytes;
  }

  return {
    size: file.size,
    get bytesFetched() {
      return bytesFetched;
    },
    async read(start, end) {
      if (kept === undefined || start < kept.start || end > kept.start + kept.bytes.length) {
        const to = Math.min(file.size, Math.max(end, start + READ_BYTES_MIN));
        const bytes = await retrying(
          () => fetchOnce(start, to),
          { timers, retry: defaultRetryPolicy },
          { signal },
        );
        kept = { start, bytes };
      }
      return kept.bytes.subarray(start - kept.start, end - kept.start);
    },
  };
}
