import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { createTemporaryLayout, type TemporaryLayout } from "@store/layout/testing";
import { describe, expect, it } from "vitest";

import { findForeignLock } from "./find-foreign-lock.ts";
import { mountDeviceOf, parseFileLocks, splitDevice } from "./parse-locks.ts";

async function createLockFile({ layout }: TemporaryLayout, name: string): Promise<string> {
  await mkdir(layout.paths.foreignLocks, { recursive: true });
  const path = join(layout.paths.foreignLocks, name);
  await writeFile(path, "");
  return path;
}

describe("locks as Linux lists them", () => {
  it("are those that are held, of any kind, with holders of our own namespace", () => {
    const text = `1: POSIX  ADVISORY  READ 5433 08:01:7864448 128 128
1: -> POSIX  ADVISORY  WRITE 77 08:01:7864448 128 128
2: FLOCK  ADVISORY  WRITE -1 fe:00:2335342 0 EOF
3: OFDLCK ADVISORY  WRITE -1 103:100002:9 0 EOF
4: LEASE  ACTIVE    READ 9 00:2f:12 0 EOF
`;
    expect(parseFileLocks(text)).toEqual([
      { pid: 5433, device: "08:01", inode: 7864448 },
      { pid: undefined, device: "fe:00", inode: 2335342 },
      { pid: undefined, device: "103:100002", inode: 9 },
      { pid: 9, device: "00:2f", inode: 12 },
    ]);
    expect(parseFileLocks("")).toEqual([]);
    expect(parseFileLocks("nonsense\n\n")).toEqual([]);
  });

  it("name a device as the kernel packs it", () => {
    expect(splitDevice(65024)).toBe("fe:00");
    expect(splitDevice(0x2f)).toBe("00:2f");
    // Major 0x103, minor 0x10002: the high bits of the minor come after the major.
    expect(splitDevice(0x100_1_03_02)).toBe("103:10002");
  });

  it("are found by the mount where a file system tells programs another device", () => {
    const mounts = `26 1 0:31 / / rw - btrfs /dev/sda rw
40 26 8:17 / /data\\040disk rw - ext4 /dev/sdb1 rw
41 26 8:18 / /data rw - ext4 /dev/sdb2 rw
`;
    expect(mountDeviceOf(mounts, "/home/me/models")).toBe("00:1f");
    expect(mountDeviceOf(mounts, "/data disk/models")).toBe("08:11");
    expect(mountDeviceOf(mounts, "/data/models")).toBe("08:12");
    expect(mountDeviceOf(mounts, "/data")).toBe("08:12");
  });
});

describe("a lock of another tool", () => {
  it("is found by device and inode, with its holder", async () => {
    await using store = await createTemporaryLayout();
    const path = await createLockFile(store, "model.lock");
    const { dev, ino } = await stat(path);
    const line = (device: string, inode: number): string =>
      `1: FLOCK  ADVISORY  WRITE 4711 ${device}:${inode} 0 EOF\n`;
    const findIn = (locks: string, mounts = "") =>
      findForeignLock(store.layout, {
        readText: async (file) => (file === "/proc/locks" ? locks : mounts),
      });
    expect(await findIn(line(splitDevice(dev), ino))).toEqual({ path, pid: 4711 });
    expect(await findIn(line(splitDevice(dev), ino + 1))).toBeUndefined();
    expect(await findIn(line("7b:7b", ino))).toBeUndefined();
    expect(await findIn(line("7b:7b", ino), "1 1 123:123 / / rw - btrfs x rw")).toEqual({
      path,
      pid: 4711,
    });
  });

  it("is none where the system does not tell, or there are no lock files", async () => {
    await using store = await createTemporaryLayout();
    const readText = (): Promise<string> => Promise.resolve("1: FLOCK  ADVISORY  WRITE 1 01:01:1 ");
    expect(await findForeignLock(store.layout, { readText })).toBeUndefined();
    const absent = Object.assign(new Error("ENOENT"), { code: "ENOENT", errno: -2 });
    await createLockFile(store, "model.lock");
    const refused = (): Promise<string> => Promise.reject(absent);
    expect(await findForeignLock(store.layout, { readText: refused })).toBeUndefined();
  });

  const reason = process.platform === "linux" ? undefined : "needs Linux";
  it.skipIf(reason !== undefined)(
    `is seen while a program holds it, and not after${reason === undefined ? "" : ` (skipped: ${reason})`}`,
    async ({ skip }) => {
      await using store = await createTemporaryLayout();
      const path = await createLockFile(store, "model.lock");
      const holder = spawn("flock", [path, "sh", "-c", "echo held; cat"]);
      const exited = once(holder, "exit").catch(() => undefined);
      const begun = await Promise.race([
        once(holder.stdout, "data"),
        once(holder, "error").then(() => undefined),
      ]);
      if (begun === undefined) skip("needs the flock program");
      try {
        expect(await findForeignLock(store.layout)).toMatchObject({ path });
      } finally {
        holder.stdin.end();
        await exited;
      }
      expect(await findForeignLock(store.layout)).toBeUndefined();
    },
  );
});
