import { type Layout, openBlobStore, openLeaseStore } from "@store/layout";
import { createTemporaryLayout } from "@store/layout/testing";
import { type ManifestStore, openManifestStore } from "@store/manifest";

import { reader, withBuffers } from "./reader.ts";
import { type PullPorts, type Source, systemTimers, type Timers } from "../src/index.ts";

export interface HastyTimers extends Timers {
  /** The pauses that were asked for, in milliseconds. */
  readonly pauses: readonly number[];
}

/** The system's timers, except that pauses take no time and jitter is fixed. */
export function createHastyTimers(): HastyTimers {
  const pauses: number[] = [];
  return {
    ...systemTimers,
    pauses,
    random: () => 0.5,
    async sleep(delayMs, { signal } = {}) {
      signal?.throwIfAborted();
      pauses.push(delayMs);
    },
  };
}

export interface TestPorts extends AsyncDisposable {
  readonly ports: PullPorts & {
    readonly timers: HastyTimers;
    readonly manifests: Pick<ManifestStore, "get" | "put" | "list">;
  };
  readonly layout: Layout;
  readonly root: string;
}

/** A store of its own on the real file system, and the given sources. */
export async function openPorts(
  sources: readonly Source[],
  timers: HastyTimers = createHastyTimers(),
): Promise<TestPorts> {
  const temporary = await createTemporaryLayout();
  const { layout, root } = temporary;
  const opened = openBlobStore(layout);
  const blobs = reader === "sockets" ? withBuffers(opened) : opened;
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  return {
    ports: { sources, blobs, leases, manifests, now: () => 1_700_000_000_000, timers },
    layout,
    root,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}
