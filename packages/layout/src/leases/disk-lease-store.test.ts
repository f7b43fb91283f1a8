import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { expect, it, vi } from "vitest";

import { createSimulatedMachine } from "../../test/faults/simulated-processes.ts";
import { EMPTY_DIGEST } from "../digest/digest.ts";
import { digestBytes } from "../digest/digester.ts";
import type { FsPort } from "../fs/fs-port.ts";
import { nodeFs } from "../fs/node-fs.ts";
import type { Layout } from "../root/layout.ts";
import { expectStoreError } from "../testing/expect-error.ts";
import { createFaultyFs } from "../testing/faulty-fs.ts";
import { createTemporaryLayout } from "../testing/temporary-layout.ts";
import { openLeaseStore } from "./disk-lease-store.ts";
import type { LeaseInfo } from "./lease-store.ts";

const other = digestBytes(new Uint8Array(1));
const HOUR_MS = 60 * 60 * 1000;

async function listed(layout: Layout): Promise<readonly LeaseInfo[]> {
  const all: LeaseInfo[] = [];
  for await (const lease of openLeaseStore(layout).list()) all.push(lease);
  return all;
}

it("protects its digests until it ends", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  expect(await listed(layout)).toEqual([]);
  {
    await using lease = await openLeaseStore(layout).acquire([other], { reason: "pull x" });
    await lease.add([EMPTY_DIGEST]);
    await lease.check();
    expect(await listed(layout)).toMatchObject([
      { id: lease.id, reason: "pull x", live: true, digests: [other, EMPTY_DIGEST] },
    ]);
  }
  expect(await listed(layout)).toEqual([]);
  expect(await readdir(layout.paths.leases)).toEqual([]);
});

it("is written once for all that is added while a write is under way", async () => {
  const faulty = createFaultyFs(nodeFs, undefined, /^rename /);
  await using temporary = await createTemporaryLayout({ fs: faulty });
  const { layout } = temporary;
  await using lease = await openLeaseStore(layout).acquire([], { reason: "r" });
  const before = faulty.calls.length;
  const digests = Array.from({ length: 50 }, (_, index) => digestBytes(new Uint8Array(index)));
  await Promise.all(
    digests.map(async (digest) => {
      await lease.add([digest]);
      const [written] = await listed(layout);
      expect(written?.digests).toContain(digest);
    }),
  );
  expect(faulty.calls.length - before).toBeLessThan(5);
});

it("is renewed while it is held", async () => {
  let nowMs = 1_000_000;
  await using temporary = await createTemporaryLayout({ now: () => nowMs });
  const { layout } = temporary;
  await using lease = await openLeaseStore(layout).acquire([other], { reason: "r", ttlMs: 40 });
  nowMs += 39;
  await vi.waitFor(
    async () => expect(await listed(layout)).toMatchObject([{ expiresAtMs: nowMs + 40 }]),
    10_000,
  );
  await lease.check();
});

it("protects no longer once its time is up, and its holder is told", async () => {
  let nowMs = 1_000_000;
  await using temporary = await createTemporaryLayout({ now: () => nowMs });
  const { layout } = temporary;
  await using lease = await openLeaseStore(layout).acquire([other], { reason: "r" });
  nowMs += HOUR_MS - 1;
  expect(await listed(layout)).toMatchObject([{ live: true }]);
  nowMs += 1;
  expect(await listed(layout)).toMatchObject([{ live: false }]);
  await expectStoreError(lease.check(), "ERR_STORE_LEASE_EXPIRED");
  expect(await openLeaseStore(layout).removeExpired(lease.id)).toBe(true);
  expect(await openLeaseStore(layout).removeExpired(lease.id)).toBe(false);
  await expectStoreError(lease.check(), "ERR_STORE_LEASE_EXPIRED");
});

it("protects no longer once its owner is certainly gone", async () => {
  const machine = createSimulatedMachine();
  const first = machine.start();
  await using temporary = await createTemporaryLayout({ processes: first.processes });
  await using lease = await openLeaseStore(temporary.layout).acquire([other], { reason: "r" });
  const survivor = await temporary.reopen({ processes: machine.start().processes });
  expect(await listed(survivor)).toMatchObject([{ live: true }]);
  expect(await openLeaseStore(survivor).removeExpired(lease.id)).toBe(false);
  first.end();
  expect(await listed(survivor)).toMatchObject([{ live: false }]);
  expect(await openLeaseStore(survivor).removeExpired(lease.id)).toBe(true);
  expect(await readdir(survivor.paths.leases)).toEqual([]);
});

it.each(["with hard links", "without hard links"])(
  "stays where it was renewed before it could be removed, %s",
  async (links) => {
    const denied = Object.assign(new Error("EPERM: link"), { code: "EPERM" });
    const fs: FsPort =
      links === "with hard links" ? nodeFs : { ...nodeFs, link: () => Promise.reject(denied) };
    await using temporary = await createTemporaryLayout({ fs });
    const { layout } = temporary;
    await using lease = await openLeaseStore(layout).acquire([other], { reason: "r" });
    expect(await openLeaseStore(layout).removeExpired(lease.id)).toBe(false);
    expect(await listed(layout)).toMatchObject([{ id: lease.id, live: true }]);
    await lease.check();
    expect(await readdir(layout.paths.leases)).toEqual([`${lease.id}.json`]);
  },
);

it.each(["", "{}", "null", "\0".repeat(100), '{"lease":2}', '{"lease":1,"digests":[]}'])(
  "that cannot be understood is an error, never absent: %j",
  async (text) => {
    await using temporary = await createTemporaryLayout();
    const { layout } = temporary;
    await layout.makeDirectory(layout.paths.leases);
    await writeFile(join(layout.paths.leases, "0123456789abcdef.json"), text);
    await expectStoreError(listed(layout), "ERR_STORE_LEASE_INVALID");
  },
);

it("that names a path for a digest is an error", async () => {
  await using temporary = await createTemporaryLayout();
  const { layout } = temporary;
  await using lease = await openLeaseStore(layout).acquire([other], { reason: "r" });
  const path = join(layout.paths.leases, `${lease.id}.json`);
  await writeFile(path, (await readFile(path, "utf8")).replace(other, "sha256:../../x"));
  await expectStoreError(listed(layout), "ERR_STORE_LEASE_INVALID");
});

it("is not taken on a store that must not be written to", async () => {
  await using temporary = await createTemporaryLayout({ readOnly: true });
  const acquiring = openLeaseStore(temporary.layout).acquire([other], { reason: "r" });
  await expectStoreError(acquiring, "ERR_STORE_READ_ONLY");
});
