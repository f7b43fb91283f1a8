import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";

import { digestBytes, parseDigest } from "@store/layout";
import { collectContent, createContent } from "@store/layout/testing";
import { FULL, report } from "@store/testing";
import { describe, expect, it } from "vitest";

import { createHuggingFaceSource, createUrlSource, pull } from "../../src/index.ts";
import { createFakeHub } from "../../src/testing/index.ts";
import { openPorts, type TestPorts } from "../open-ports.ts";
import { startPull, whyNoChild } from "./children.ts";

const MIB = 1024 * 1024;
const SIZE = (FULL ? 512 : 8) * MIB + 99;
/** So that a process is met in the middle. */
const BYTES_PER_SECOND = SIZE / (FULL ? 4 : 1);
/** Every timeout of the processes here, and how long one is stopped. */
const TIMEOUT_MS = 400;
const STOP_MS = 1_500;

const content = createContent(SIZE, 41);
const digest = digestBytes(content);
const changed = content.map((byte, index) => (index % 1_000_003 === 7 ? byte ^ 1 : byte));
const skip = whyNoChild;
const skipped = skip === undefined ? "" : ` (skipped: ${skip})`;

async function expectRight(store: TestPorts, bytes: Uint8Array): Promise<void> {
  const { blobs } = store.ports;
  const expected = digestBytes(bytes);
  expect(await blobs.ensureVerified(expected)).toMatchObject({ size: bytes.length });
  expect(digestBytes(await collectContent(blobs.read(expected)))).toBe(expected);
}

/** Every blob of a store holds what its name promises. */
async function expectNothingWrong({ ports: { blobs } }: TestPorts): Promise<void> {
  for await (const one of blobs.list()) {
    expect(digestBytes(await collectContent(blobs.read(one)))).toBe(one);
  }
}

describe.skipIf(skip !== undefined)(
  `a pull that is stopped for longer than every timeout${skipped}`,
  { timeout: 600_000 },
  () => {
    it("goes on and ends right when it is let on", async () => {
      await using hub = await createFakeHub({
        repositories: { "org/m": { files: { "m.bin": content } } },
        faults: { bytesPerSecond: BYTES_PER_SECOND },
      });
      await using store = await openPorts([]);
      const child = startPull(store.root, hub.endpoint, "hf.co/org/m", {
        idleTimeoutMs: TIMEOUT_MS,
      });
      await child.reached(SIZE / 3);
      child.process.kill("SIGSTOP");
      await pause(STOP_MS);
      child.process.kill("SIGCONT");
      expect((await child.ended)?.files).toMatchObject([{ digest, size: SIZE }]);
      await expectRight(store, content);
    });

    it("keeps no other from getting the same, and both end right", async () => {
      await using hub = await createFakeHub({
        repositories: { "org/m": { files: { "m.bin": content } } },
        faults: { bytesPerSecond: BYTES_PER_SECOND },
      });
      await using store = await openPorts([]);
      const options = { idleTimeoutMs: TIMEOUT_MS, stallMs: TIMEOUT_MS };
      const stopped = startPull(store.root, hub.endpoint, "hf.co/org/m", options);
      await stopped.reached(SIZE / 3);
      stopped.process.kill("SIGSTOP");
      hub.setFaults({});
      const other = startPull(store.root, hub.endpoint, "hf.co/org/m", options);
      expect((await other.ended)?.files).toMatchObject([{ digest }]);
      stopped.process.kill("SIGCONT");
      expect((await stopped.ended)?.files).toMatchObject([{ digest }]);
      await expectRight(store, content);
      await expectNothingWrong(store);
    });

    it.each(["SIGSTOP", "SIGKILL"] as const)(
      "takes nothing of another file that has its name by then: %s",
      async (signal) => {
        await using hub = await createFakeHub({
          repositories: { "org/m": { files: { "m.bin": content } } },
          faults: { bytesPerSecond: BYTES_PER_SECOND },
        });
        await using store = await openPorts([createHuggingFaceSource({ endpoint: hub.endpoint })]);
        const child = startPull(store.root, hub.endpoint, "hf.co/org/m", {
          idleTimeoutMs: TIMEOUT_MS,
        });
        await child.reached(SIZE / 3);
        child.process.kill(signal);
        await hub.setRepository("org/m", { files: { "m.bin": changed } });
        hub.setFaults({});
        if (signal === "SIGSTOP") await pause(STOP_MS);
        child.process.kill("SIGCONT");
        // It is pinned to what is gone: it may have been quick enough, and never mixes the two.
        const result = await child.ended;
        if (result !== undefined) expect(result.files).toMatchObject([{ digest }]);
        await expectNothingWrong(store);
        const { files } = await pull("hf.co/org/m", store.ports);
        expect(files).toMatchObject([{ digest: digestBytes(changed) }]);
        await expectRight(store, changed);
      },
    );

    it.each(["SIGSTOP", "SIGKILL"] as const)(
      "never mixes two files that one URL gave, of one size: %s",
      async (signal) => {
        await using server = await startServer(content, "one");
        await using store = await openPorts([createUrlSource()]);
        const options = { idleTimeoutMs: TIMEOUT_MS };
        const child = startPull(store.root, "http://127.0.0.1:9", server.url, options);
        await child.reached(SIZE / 3);
        child.process.kill(signal);
        server.change(changed, "two");
        if (signal === "SIGSTOP") await pause(STOP_MS);
        child.process.kill("SIGCONT");
        const result = await child.ended;
        const allowed = [digest, digestBytes(changed)];
        for (const file of result?.files ?? []) expect(allowed).toContain(file.digest);
        for await (const one of store.ports.blobs.list()) expect(allowed).toContain(one);
        const { files } = await pull(server.url, store.ports);
        expect(files).toMatchObject([{ digest: digestBytes(changed) }]);
        await expectRight(store, changed);
      },
    );
  },
);

describe.skipIf(skip !== undefined)(`two processes${skipped}`, { timeout: 600_000 }, () => {
  const shared = content;
  const own = createContent(2 * MIB, 43);

  it.each([
    ["the same model", "hf.co/org/one", "hf.co/org/one"],
    ["models that have a file in common", "hf.co/org/one", "hf.co/org/two"],
  ])("that pull %s fetch its bytes once", async (_what, ...locations) => {
    await using hub = await createFakeHub({
      repositories: {
        "org/one": { files: { "m.bin": shared } },
        "org/two": { files: { "own.bin": own, "same.bin": shared } },
      },
      faults: { bytesPerSecond: BYTES_PER_SECOND },
    });
    await using store = await openPorts([]);
    const children = locations.map((location) => startPull(store.root, hub.endpoint, location));
    for (const child of children) {
      const files = (await child.ended)?.files.map((file) => file.digest) ?? [];
      expect(files).toContain(digest);
    }
    await expectNothingWrong(store);
    const bytes = locations.includes("hf.co/org/two") ? SIZE + own.length : SIZE;
    report(`${locations.join(" and ")}: ${hub.bytesServed} bytes served of ${bytes}`);
    expect(hub.bytesServed).toBe(bytes);
  });

  it("that pull the same, one of which dies, fetch no more than what was not on record", async () => {
    await using hub = await createFakeHub({
      repositories: { "org/one": { files: { "m.bin": shared } } },
      faults: { bytesPerSecond: BYTES_PER_SECOND },
    });
    await using store = await openPorts([]);
    const first = startPull(store.root, hub.endpoint, "hf.co/org/one");
    await first.reached(SIZE / 4);
    const second = startPull(store.root, hub.endpoint, "hf.co/org/one");
    await first.reached(SIZE / 2);
    first.process.kill("SIGKILL");
    hub.setFaults({});
    expect((await second.ended)?.files).toMatchObject([{ digest: parseDigest(digest) }]);
    await expectRight(store, shared);
    // A checkpoint, and what was received and not written.
    expect(hub.bytesServed).toBeLessThanOrEqual(SIZE + Math.min(SIZE, 104 * MIB));
  });
});

/** A server of one file, whose bytes and ETag change at once. */
async function startServer(
  bytes: Uint8Array,
  etag: string,
): Promise<
  AsyncDisposable & { readonly url: string; change(bytes: Uint8Array, etag: string): void }
> {
  let now = { bytes, etag, slow: true };
  const server = createServer((request, response) => {
    const { bytes: whole, etag: tag } = now;
    const [, from = "0", to = ""] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const ifRange = request.headers["if-range"];
    const isPart =
      request.headers.range !== undefined && (ifRange === undefined || ifRange === `"${tag}"`);
    const start = isPart ? Number(from) : 0;
    const end = isPart && to !== "" ? Math.min(whole.length, Number(to) + 1) : whole.length;
    response.writeHead(isPart ? 206 : 200, {
      etag: `"${tag}"`,
      "accept-ranges": "bytes",
      "content-length": end - start,
      ...(isPart ? { "content-range": `bytes ${start}-${end - 1}/${whole.length}` } : {}),
    });
    void send(start, end);

    async function send(offset: number, until: number): Promise<void> {
      for (let at = offset; at < until && !response.destroyed; at += MIB) {
        const part = whole.subarray(at, Math.min(until, at + MIB));
        await new Promise<void>((done) => void response.write(part, () => done()));
        if (now.slow) await pause((MIB / BYTES_PER_SECOND) * 1_000);
      }
      response.end();
    }
  });
  await new Promise<void>((listening) => void server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/m.bin`,
    change(other, tag) {
      now = { bytes: other, etag: tag, slow: false };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
