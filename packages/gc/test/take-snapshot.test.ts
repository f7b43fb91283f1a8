import { isStoreError, StoreError } from "@store/layout";
import { describe, expect, it } from "vitest";

import { explain, type GcPorts, planGc, takeSnapshot } from "../src/index.ts";
import { digestOf } from "./support/digests.ts";
import { createFakeDisk, createFakePorts, putBlob } from "./support/fake-store.ts";

const [named, orphan, gone] = ["named", "orphan", "gone"].map(digestOf) as [
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
  ReturnType<typeof digestOf>,
];

function setUp() {
  const disk = createFakeDisk();
  putBlob(disk, named);
  putBlob(disk, orphan);
  disk.names.set("a", [named, gone]);
  return disk;
}

describe("takeSnapshot", () => {
  it("lists blobs, then leases, then names", async () => {
    const calls: string[] = [];
    await takeSnapshot(createFakePorts(setUp(), { hook: (call) => void calls.push(call) }));
    const order = calls.filter((call) => /^(list|listTrash|leases|pins|roots|stat)$/.test(call));
    expect(order).toEqual(["list", "listTrash", "leases", "pins", "roots", "stat", "stat"]);
  });

  it("asks only about blobs that nothing needs, and references that nothing answers", async () => {
    const asked: string[] = [];
    const ports = createFakePorts(setUp());
    const blobs = {
      ...ports.blobs,
      stat: (digest: typeof named) => {
        asked.push(digest);
        return ports.blobs.stat(digest);
      },
    };
    const snapshot = await takeSnapshot({ ...ports, blobs });
    expect(asked.sort()).toEqual([orphan, gone].sort());
    expect(snapshot.dangling).toEqual([{ root: "a", digest: gone }]);
  });

  it("does not call a reference dangling whose blob was published since the listing", async () => {
    const disk = setUp();
    const hook = (call: string): void => {
      if (call === "roots") putBlob(disk, gone);
    };
    expect((await takeSnapshot(createFakePorts(disk, { hook }))).dangling).toEqual([]);
  });

  it("never asks about a blob in the trash, which a reader would restore", async () => {
    const disk = setUp();
    disk.trash.set("t", { digest: gone, size: 1, addedAtMs: 0, released: false });
    const snapshot = await takeSnapshot(createFakePorts(disk));
    expect(snapshot.trashed).toEqual([gone]);
    expect(snapshot.dangling).toEqual([]);
    expect(disk.blobs.has(gone)).toBe(false);
    expect(explain(snapshot, gone).verdict).toBe("trashed");
  });

  it.each([
    {
      what: "a damaged name",
      error: new StoreError("bad", {
        kind: "corrupt",
        code: "ERR_STORE_MANIFEST_INVALID",
        detail: { path: "manifests/a" },
      }),
      name: "manifests/a",
      kind: "corrupt",
    },
    {
      what: "a directory that may not be read",
      error: Object.assign(new Error("EACCES"), { code: "EACCES", errno: -13, path: "manifests" }),
      name: "manifests",
      kind: "denied",
    },
  ])("stops at $what", async ({ error, name, kind }) => {
    const ports: GcPorts = {
      ...createFakePorts(setUp()),
      async *roots() {
        yield { name: "fine", digests: [] };
        throw error;
      },
    };
    const caught: unknown = await takeSnapshot(ports).catch((reason: unknown) => reason);
    expect(isStoreError(caught, "ERR_STORE_ROOT_UNREADABLE")).toBe(true);
    expect(caught).toMatchObject({ kind, detail: { name }, cause: error });
  });

  it("stops at a pin that cannot be read", async () => {
    const error = new StoreError("not a pin", {
      kind: "corrupt",
      code: "ERR_STORE_PIN_INVALID",
      detail: { path: "pins/x" },
    });
    const ports: GcPorts = {
      ...createFakePorts(setUp()),
      pins: {
        list: () => {
          throw error;
        },
      },
    };
    const caught: unknown = await takeSnapshot(ports).catch((reason: unknown) => reason);
    expect(caught).toMatchObject({
      code: "ERR_STORE_ROOT_UNREADABLE",
      detail: { name: "pins/x" },
      cause: error,
    });
  });

  it("does not pass a bug off as a damaged name", async () => {
    const bug = new TypeError("undefined is not a function");
    const ports: GcPorts = {
      ...createFakePorts(setUp()),
      roots: () => {
        throw bug;
      },
    };
    await expect(takeSnapshot(ports)).rejects.toBe(bug);
  });

  it("keeps what it may not look at, and goes on", async () => {
    const ports = createFakePorts(setUp());
    const blobs = {
      ...ports.blobs,
      async stat() {
        throw new StoreError("a fifo", { kind: "corrupt", code: "ERR_STORE_NOT_A_FILE" });
      },
    };
    const snapshot = await takeSnapshot({ ...ports, blobs });
    expect(planGc(snapshot).kept.unreadable).toBe(1);
    expect(explain(snapshot, orphan).verdict).toBe("unreadable");
  });

  it("stops at a failing disk", async () => {
    const eio = Object.assign(new Error("EIO"), { code: "EIO", errno: -5 });
    const ports = createFakePorts(setUp());
    const blobs = { ...ports.blobs, stat: () => Promise.reject(eio) };
    await expect(takeSnapshot({ ...ports, blobs })).rejects.toBe(eio);
  });
});
