import type { PackData } from "../chkl/pack-data.ts";
import type { BytesAt } from "../chkl/read-entry.ts";

/** Reads a file mostly front to back, in few large pieces. What it returns lasts until the next read. */
export type DataWindow = BytesAt;

const WINDOW_BYTES = 1024 * 1024;

export function createDataWindow(data: PackData): DataWindow {
  const buffer = new Uint8Array(Math.min(WINDOW_BYTES, data.size));
  let start = 0;
  let end = 0;
  return {
    async read(position, length) {
      if (length > buffer.length) {
        const large = new Uint8Array(Math.min(length, Math.max(0, data.size - position)));
        return large.subarray(0, await data.read(large, position));
      }
      if (position < start || position + length > end) {
        start = position;
        end = position + (await data.read(buffer, position));
      }
      return buffer.subarray(position - start, Math.min(position + length, end) - start);
    },
  };
}
