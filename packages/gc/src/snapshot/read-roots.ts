import {
  type AbortOptions,
  type ErrorKind,
  errnoOf,
  isErrno,
  isStoreError,
  StoreError,
} from "@store/layout";

import type { GcPin, GcPorts, Root } from "../ports.ts";

/**
 * Every name, or an error: there is no sweep over a part of the names (INV-5).
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE`
 */
export async function* readRoots(
  ports: Pick<GcPorts, "roots">,
  options: AbortOptions = {},
): AsyncGenerator<Root> {
  yield* readAll(() => ports.roots(options), "name", options);
}

/**
 * Every pin, or an error, as with names.
 *
 * @throws StoreError `ERR_STORE_ROOT_UNREADABLE`
 */
export async function* readPins(
  ports: Pick<GcPorts, "pins">,
  options: AbortOptions = {},
): AsyncGenerator<GcPin> {
  const { pins } = ports;
  if (pins !== undefined) yield* readAll(() => pins.list(options), "pin", options);
}

async function* readAll<T>(
  list: () => AsyncIterable<T>,
  what: "name" | "pin",
  options: AbortOptions,
): AsyncGenerator<T> {
  options.signal?.throwIfAborted();
  try {
    for await (const item of list()) {
      options.signal?.throwIfAborted();
      yield item;
    }
  } catch (error) {
    options.signal?.throwIfAborted();
    throw asUnreadable(error, what);
  }
}

function asUnreadable(error: unknown, what: "name" | "pin"): unknown {
  if (isStoreError(error, "ERR_STORE_ROOT_UNREADABLE")) return error;
  const detail = isStoreError(error) ? error.detail : undefined;
  // A bug is not a damaged name: it stops the sweep as well, under its own colours.
  if (detail === undefined && errnoOf(error) === undefined) return error;
  const name = detail?.["name"] ?? detail?.["path"] ?? (error as NodeJS.ErrnoException).path;
  const why = (error as Error).message;
  return new StoreError(`a ${what} cannot be read, so nothing is deleted: ${why}`, {
    kind: kindOf(error),
    code: "ERR_STORE_ROOT_UNREADABLE",
    hint: HINTS[what],
    detail: typeof name === "string" ? { name } : {},
    cause: error,
  });
}

const HINTS = {
  name: "Mend it (write it anew, or give this user rights on it) or, to do without what only it needs, remove it on purpose; then sweep again.",
  pin: "Pin again what it was to keep (give this user rights on its file if those are missing) or, to do without, delete the file; then sweep again.",
} as const;

/** What may not be read need not be damaged. */
function kindOf(error: unknown): ErrorKind {
  const isDenied = isStoreError(error)
    ? error.kind === "denied"
    : isErrno(error, "EACCES", "EPERM");
  return isDenied ? "denied" : "corrupt";
}
