import type { AbortOptions } from "@store/layout";

import type { PackData } from "../chkl/pack-data.ts";
import { packCorrupt } from "../chkl/pack-error.ts";
import { HEADER_BYTES } from "../chkl/pack-header.ts";
import type { PackId } from "../chkl/pack-id.ts";
import { createPackNameHash } from "../hash/pack-name.ts";

const BUFFER_BYTES = 1024 * 1024;

/**
 * Checks that the bytes of a data file have the name it bears.
 *
 * @throws StoreError `ERR_STORE_PACK_CHECKSUM_MISMATCH`
 */
export async function checkName(
  pack: PackId,
  data: PackData,
  { signal }: AbortOptions,
): Promise<void> {
  const name = await createPackNameHash();
  const buffer = new Uint8Array(Math.min(BUFFER_BYTES, data.size));
  const header = new Uint8Array(HEADER_BYTES);
  await data.read(header, 0);
  for (let at = HEADER_BYTES; at < data.size;) {
    signal?.throwIfAborted();
    const count = await data.read(buffer, at);
    if (count === 0) break;
    name.update(buffer.subarray(0, count));
    at += count;
  }
  const actual = name.finish(header);
  if (actual === pack) return;
  const detail = { pack, expected: pack, actual };
  throw packCorrupt("ERR_STORE_PACK_CHECKSUM_MISMATCH", detail, `its bytes hash to ${actual}`);
}
