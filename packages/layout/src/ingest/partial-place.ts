import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";

import type { IngestTarget } from "../blobs/blob-store.ts";
import { ifPresent } from "../fs/absence.ts";
import { createId } from "../fs/temporary-name.ts";
import type { Layout } from "../root/layout.ts";

/** Where the partials of one target lie: siblings that differ in their owner only. */
export interface PartialPlace {
  /** A directory name nobody else has. */
  create(): string;
  /** The directories of all partials of the target, ours and others'. */
  list(): Promise<readonly string[]>;
}

/** The id of an unknown identity: found again by its key, unfindable without one. */
function incomingId(key: string | undefined): string {
  if (key === undefined) return createId();
  return createHash("sha256").update(key).digest("hex").slice(0, 32);
}

export function placeOf(layout: Layout, target: IngestTarget): PartialPlace {
  const { paths } = layout;
  const id = target.digest === undefined ? incomingId(target.key) : "";
  const path = (owner: string): string =>
    target.digest === undefined ? paths.incoming(id, owner) : paths.partial(target.digest, owner);
  const parent = dirname(path("x"));
  const prefix = basename(path(""));
  return {
    create: () => path(createId()),
    async list() {
      const names = (await ifPresent(layout.fs.readdir(parent))) ?? [];
      return names
        .filter(
          (name) => name.startsWith(prefix) && /^[0-9a-f]{16}$/.test(name.slice(prefix.length)),
        )
        .toSorted()
        .map((name) => join(parent, name));
    },
  };
}
