import { StoreError } from "@store/layout";

import type { GcPorts } from "../ports.ts";

/**
 * Ends a sweep, before it moves anything, while another tool holds one of its lock files: a tool
 * that takes no lease and takes up an old orphan at this moment could lose it.
 *
 * @throws StoreError `ERR_STORE_SWEEP_POSTPONED`
 */
export async function postponeWhileLocked(ports: Pick<GcPorts, "foreignLock">): Promise<void> {
  const lock = await ports.foreignLock?.();
  if (lock === undefined) return;
  const { path, pid } = lock;
  const holder = pid === undefined ? "another tool" : `process ${pid}`;
  throw new StoreError(`${holder} holds ${path}, so nothing is deleted now`, {
    kind: "busy",
    code: "ERR_STORE_SWEEP_POSTPONED",
    hint: "Sweep again when it is done.",
    detail: { path, ...(pid === undefined ? {} : { pid }) },
  });
}
