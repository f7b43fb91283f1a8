import { spawn } from "node:child_process";
import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { once } from "node:events";
import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { afterEach, beforeEach, describe, expect, it } from "vitest";

import { createRateLimit, createUrlSource, pull, type PullResult } from "@store/fetch";
import { digestBytes, openBlobStore, openLeaseStore } from "@store/layout";
import { collectContent, createContent, createTemporaryLayout } from "@store/layout/testing";
import { openManifestStore } from "@store/manifest";

import { startDaemon } from "../src/daemon.ts";
import { createTestDaemon } from "./support/test-daemon.ts";
import { createTestStore } from "./support/test-store.ts";

const MIB = 1024 * 1024;
const CHILD = join(import.meta.dirname, "support", "pull-child.ts");
const noChild =
  process.features.typescript === false ? " (skipped: this Node runs no TypeScript)" : "";

/** The requests for blobs that servers of this process got. */
let asked: IncomingHttpHeaders[] = [];
const onRequest = (message: unknown): void => {
  const { url = "", headers } = (message as { request: IncomingMessage }).request;
  if (url.startsWith("/v1/blobs/")) asked.push(headers);
};
beforeEach(() => {
  asked = [];
  subscribe("http.server.request.start", onRequest);
});
afterEach(() => unsubscribe("http.server.request.start", onRequest));

/** Pulls in a process of its own; with `killAt` until so many bytes have arrived, or to its end. */
async function pullInChild(
  root: string,
  url: string,
  options: { readonly bytesPerSecond: number; readonly killAt?: number },
): Promise<PullResult | undefined> {
  const args = ["--conditions=@store/source", CHILD, root, url, String(options.bytesPerSecond)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  let result: PullResult | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    const event = JSON.parse(line) as { kind: string; received?: number };
    const { killAt = Infinity } = options;
    if (event.kind === "progress" && (event.received ?? 0) >= killAt) child.kill("SIGKILL");
    if (event.kind === "result") result = event as unknown as PullResult;
  }
  await exited;
  return result;
}

/** Another store, which pulls from the daemon in this process. */
async function createPuller(): Promise<
  AsyncDisposable & { readonly ports: Parameters<typeof pull>[1]; readonly root: string }
> {
  const temporary = await createTemporaryLayout();
  const { layout, root } = temporary;
  const blobs = openBlobStore(layout);
  const leases = openLeaseStore(layout);
  const manifests = openManifestStore(layout, { blobs, leases });
  return {
    ports: { sources: [createUrlSource()], blobs, leases, manifests },
    root,
    [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose](),
  };
}

describe("a pull from the daemon", () => {
  it.skipIf(noChild !== "")(
    `that is killed in the middle goes on where it stopped, and ends right${noChild}`,
    { timeout: 120_000 },
    async () => {
      await using test = await createTestDaemon();
      const content = createContent(96 * MIB + 77, 51);
      const digest = await test.store.add(content);
      await using puller = await createPuller();
      const url = `${test.url}/v1/blobs/${digest}`;
      const options = { bytesPerSecond: 40 * MIB, killAt: 80 * MIB };
      expect(await pullInChild(puller.root, url, options)).toBeUndefined();
      const parts = new Set(asked.map(({ range }) => range));
      expect(parts.size, "ranges of the first pull").toBeGreaterThan(2);

      asked = [];
      const result = await pullInChild(puller.root, url, { bytesPerSecond: 1024 * MIB });
      expect(result?.files).toMatchObject([{ digest, size: content.length, reused: false }]);
      const { bytesFetched = 0, bytesReused = 0 } = result ?? {};
      // There is a checkpoint every 32 MiB.
      expect(bytesReused).toBeGreaterThanOrEqual(32 * MIB);
      expect(bytesFetched).toBe(content.length - bytesReused);
      // The first one asks what is there; all others want the rest of that very blob.
      const [probe, ...rest] = asked;
      expect(probe).toMatchObject({ range: "bytes=0-0" });
      expect(rest.length).toBeGreaterThan(0);
      for (const headers of rest) {
        expect(headers).toMatchObject({
          range: expect.stringMatching(/^bytes=\d+-\d+$/),
          "if-range": `"${digest}"`,
        });
      }
      const { blobs } = puller.ports;
      expect(await blobs.ensureVerified(digest)).toMatchObject({ size: content.length });
      expect(digestBytes(await collectContent(blobs.read(digest)))).toBe(digest);
      expect(test.store.events).toEqual([]);
    },
  );

  it("outlives the daemon, which comes back with the same blob", async () => {
    await using store = await createTestStore();
    const content = createContent(16 * MIB + 5, 52);
    const digest = await store.add(content);
    let daemon = await startDaemon({ ...store.options, port: 0 });
    await using puller = await createPuller();
    let isRestarted = false;
    let restarting: Promise<void> | undefined;
    async function restart(): Promise<void> {
      await daemon.close({ graceMs: 0 });
      daemon = await startDaemon({ ...store.options, port: daemon.port });
      isRestarted = true;
    }
    const pulled = await pull(`${daemon.urls[0]}/v1/blobs/${digest}`, puller.ports, {
      as: "pulled",
      rateLimit: createRateLimit(32 * MIB),
      onProgress(event) {
        if (event.kind === "progress" && event.received >= 4 * MIB) restarting ??= restart();
      },
    });
    await restarting;
    expect(isRestarted).toBe(true);
    expect(pulled.files).toMatchObject([{ digest, size: content.length }]);
    expect(digestBytes(await collectContent(puller.ports.blobs.read(digest)))).toBe(digest);
    await daemon.close({ graceMs: 0 });
  });

  it("gets nothing of a blob that is wrong there", async () => {
    await using test = await createTestDaemon();
    const content = createContent(MIB, 53);
    const digest = digestBytes(content);
    await test.store.plant(digest, content.slice().reverse());
    await using puller = await createPuller();
    const pulling = pull(`${test.url}/v1/blobs/${digest}`, puller.ports, {
      as: "pulled",
      digest,
      retry: { attemptsMax: 1 },
    });
    await expect(pulling).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_STORE_/) });
    for await (const blob of puller.ports.blobs.list()) expect.fail(`has ${blob}`);
  });
});
