import { type BlobStore, type Digest } from "@store/layout";
import { collectContent } from "@store/layout/testing";

import {
  createUrlSource,
  pull,
  type PullEvent,
  type PullOptions,
  type PullResult,
  type UrlSourceOptions,
} from "../src/index.ts";
import { type WriteWatch, watchWrites } from "./watch-writes.ts";
import { startProxy } from "./proxy-server.ts";
import { reader } from "./reader.ts";
import { createHastyTimers, type HastyTimers, openPorts, type TestPorts } from "./open-ports.ts";

export interface UrlPuller extends AsyncDisposable {
  readonly events: readonly PullEvent[];
  readonly pauses: readonly number[];
  readonly blobs: BlobStore;
  readonly store: TestPorts;
  /** Calls back once bytes of an answer have reached the store: the moment to break it off. */
  readonly afterWrites: WriteWatch["afterWrites"];
  pull(url: string, options?: PullOptions): Promise<PullResult>;
  /** The bytes of the one file that was pulled. */
  bytesOf(result: PullResult): Promise<Uint8Array>;
  /** Digests of all blobs. */
  listBlobs(): Promise<readonly Digest[]>;
}

/** A store and a source of plain URLs whose pauses take no time. */
export async function createUrlPuller(
  options: UrlSourceOptions = {},
  timers: HastyTimers = createHastyTimers(),
): Promise<UrlPuller> {
  const proxy = reader === "proxy" ? await startProxy() : undefined;
  const transport =
    reader === "fetch"
      ? { fetch: globalThis.fetch }
      : { proxy: () => (proxy === undefined ? undefined : new URL(proxy.origin)) };
  const store = await openPorts([createUrlSource({ timers, ...transport, ...options })], timers);
  const { blobs, afterWrites } = watchWrites(store.ports.blobs);
  const ports = { ...store.ports, blobs };
  const events: PullEvent[] = [];
  return {
    events,
    pauses: timers.pauses,
    blobs,
    store,
    afterWrites,
    pull: (url, pullOptions) =>
      pull(url, ports, { onProgress: (event) => events.push(event), ...pullOptions }),
    async bytesOf({ files }) {
      const digest = files[0]?.digest;
      if (digest === undefined) throw new TypeError("nothing was pulled");
      return collectContent(store.ports.blobs.read(digest));
    },
    async listBlobs() {
      const digests: Digest[] = [];
      for await (const digest of store.ports.blobs.list()) digests.push(digest);
      return digests;
    },
    async [Symbol.asyncDispose]() {
      await proxy?.[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  };
}
