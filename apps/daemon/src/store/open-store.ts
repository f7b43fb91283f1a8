import {
  ifPresent,
  type Layout,
  openBlobStore,
  openLayout,
  openLeaseStore,
  overlay,
  StoreError,
} from "@store/layout";
import { openManifestStore } from "@store/manifest";
import { openPackSet } from "@store/pack";

import { type Collector, openCollector } from "../gc/collector.ts";
import type { StorePorts } from "./store-ports.ts";

/** An opened store. Disposing it closes its packs. */
export interface OpenedStore extends StorePorts, AsyncDisposable {
  /** Absolute. */
  readonly root: string;
  readonly collector: Collector;
}

/** The write permission of everybody else on the machine. */
const WRITABLE_BY_OTHERS = 0o002;

/**
 * Attaches to the store at a root. Creates nothing; an absent store is an empty one, and what is
 * written into it later is served.
 *
 * @throws StoreError `ERR_STORE_NOT_A_DIRECTORY`, `ERR_STORE_HOME_UNSAFE`
 */
export async function openStore(
  home: string,
  options: { readonly platform: NodeJS.Platform },
): Promise<OpenedStore> {
  const layout = await openLayout(home);
  // Windows has no such permission, and Node makes one up.
  if (options.platform !== "win32") await checkPermissions(layout);
  const packs = await openPackSet(layout);
  const blobs = overlay({ writable: openBlobStore(layout), packs });
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  return {
    root: layout.paths.root,
    blobs,
    manifests,
    collector: openCollector({ layout, blobs, packs, leases, manifests }),
    [Symbol.asyncDispose]: () => packs[Symbol.asyncDispose](),
  };
}

/**
 * In a directory that everybody may write to, everybody may put their files in the place of ours
 * between a look and an open, and the daemon would serve them with our user's rights. A group is
 * fine: on many systems a user's own files belong to a group of one.
 */
async function checkPermissions({ fs, paths }: Layout): Promise<void> {
  const stat = await ifPresent(fs.stat(paths.root));
  if (stat === undefined || (stat.mode & WRITABLE_BY_OTHERS) === 0) return;
  throw new StoreError(`every user of this machine may write to ${paths.root}`, {
    kind: "denied",
    code: "ERR_STORE_HOME_UNSAFE",
    hint: "Take that right away with chmod o-w, or choose another store with --home.",
    detail: { path: paths.root },
  });
}
