import type { PackId } from "../chkl/pack-id.ts";
import { createXxh3 } from "./xxh3.ts";

/** Computes the id of a pack from the bytes of its `.dat`. */
export interface PackNameHash {
  /** Bytes of the entries, in order: all of the `.dat` but its header. */
  update(chunk: Uint8Array): void;
  /** The id. The header is hashed last, because a writer knows the count only then. */
  finish(header: Uint8Array): PackId;
}

/** The first 8 bytes of the canonical XXH3-128 are the id. */
const ID_BYTES = 8;

export async function createPackNameHash(): Promise<PackNameHash> {
  const hash = await createXxh3();
  return {
    update(chunk) {
      hash.update(chunk);
    },
    finish(header) {
      hash.update(header);
      return Buffer.from(hash.digest().subarray(0, ID_BYTES)).toString("hex") as PackId;
    },
  };
}
