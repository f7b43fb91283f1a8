import type { Digest } from "@store/layout";

import type { Name } from "../name/name.ts";
import type { FileState } from "./name-file.ts";
import { manifestChanged } from "./store-errors.ts";

/**
 * @param now what the name holds, `undefined` if it does not exist
 * @throws StoreError `ERR_STORE_MANIFEST_CHANGED` if that is not what `ifMatch` asks for
 */
export function refuseChanged(
  name: Name,
  ifMatch: Digest | null | undefined,
  now: FileState | undefined,
): void {
  if (ifMatch === undefined) return;
  if (ifMatch === null ? now === undefined : now?.digest === ifMatch) return;
  throw manifestChanged(name, ifMatch, now?.digest);
}
