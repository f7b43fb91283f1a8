import { type AbortOptions, errnoOf, isStoreError, StoreError } from "@store/layout";

import type { GcPorts, Root } from "../ports.ts";

/**
 * Every name, or an error: there is no sweep over a part of the names (INV-5).
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE`
 */
export async function* readRoots(
  ports: Pick<GcPorts, "roots">,
  options: AbortOptions = {},
): AsyncGenerator<Root> {
  options.signal?.throwIfAborted();
  try {
    for await (const root of ports.roots(options)) {
      options.signal?.throwIfAborted();
      yield root;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw asUnreadable(error);
  }
}

function asUnreadable(error: unknown): unknown {
  if (isStoreError(error, "ERR_STORE_ROOT_UNREADABLE")) return error;
  const detail = isStoreError(error) ? error.detail : undefined;
  // A bug is not a damaged name: it stops the sweep as well, under its own colours.
  if (detail === undefined && errnoOf(error) === undefined) return error;
  const name = detail?.["name"] ?? detail?.["path"] ?? (error as NodeJS.ErrnoException).path;
  const why = (error as Error).message;
  return new StoreError(`a name cannot be read, so nothing is deleted: ${why}`, {
    kind: "corrupt",
    code: "ERR_STORE_ROOT_UNREADABLE",
    hint: "Repair or remove that name, then sweep again.",
    detail: typeof name === "string" ? { name } : {},
    cause: error,
  });
}
