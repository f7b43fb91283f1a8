import { execFile } from "node:child_process";
import { mkdir, open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Administration programs are not on everybody's PATH. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`;

async function run(program: string, ...args: readonly string[]): Promise<void> {
  await execute(program, [...args], { env: { ...process.env, PATH } });
}

/** A disk in memory that loses power. Mounts belong to the mount namespace of this process alone. */
export interface Disk {
  /** Where it is mounted. */
  readonly path: string;
  /** Everything written so far survives. */
  settle(): Promise<void>;
  /**
   * Loses whatever was not made durable, and comes back. For `snapshot` disks: mounts what a cut at
   * this moment would leave at {@link Disk.path}, until the next `settle`.
   */
  cutPower(): Promise<void>;
}

export const FILE_SYSTEMS = ["ext4", "xfs", "btrfs"] as const;
export type FileSystem = (typeof FILE_SYSTEMS)[number];

/** Smallest sizes their tools accept, with room for the stores; sparse, so they cost what is used. */
const SIZES: Readonly<Record<FileSystem, number>> = {
  ext4: 256 * 1024 * 1024,
  xfs: 320 * 1024 * 1024,
  btrfs: 256 * 1024 * 1024,
};

async function createImage(path: string, size: number): Promise<void> {
  const file = await open(path, "w");
  await file.truncate(size);
  await file.close();
}

async function format(kind: FileSystem, image: string): Promise<void> {
  if (kind === "ext4") await run("mkfs.ext4", "-q", "-F", image);
  else if (kind === "xfs") await run("mkfs.xfs", "-q", "-f", "-m", "reflink=1", image);
  else await run("mkfs.btrfs", "-q", "-f", image);
}

/** Memory for the images, so that nothing of this touches the machine's own disk. */
export async function createMemory(directory: string): Promise<string> {
  const path = join(directory, "memory");
  await mkdir(path);
  await run("mount", "-t", "tmpfs", "-o", "size=2g", "store-powercut", path);
  return path;
}

export async function createDisk(kind: FileSystem, memory: string): Promise<Disk> {
  return kind === "btrfs" ? createSnapshotDisk(memory) : createShutdownDisk(kind, memory);
}

/** ext4 and xfs stop at once on request, without writing their journal: a real power cut. */
async function createShutdownDisk(kind: "ext4" | "xfs", memory: string): Promise<Disk> {
  const image = join(memory, `${kind}.img`);
  const path = join(memory, kind);
  await mkdir(path);
  await createImage(image, SIZES[kind]);
  await format(kind, image);
  await run("mount", "-o", "loop", image, path);
  return {
    path,
    settle: () => run("sync", "-f", path),
    async cutPower() {
      await run("xfs_io", "-x", "-c", "shutdown", path);
      await run("umount", path);
      await run("mount", "-o", "loop", image, path);
    },
  };
}

/**
 * btrfs has no such request. Its image lies on an xfs that shares blocks between copies, so a copy
 * taken at any moment holds exactly what had reached the disk by then.
 */
async function createSnapshotDisk(memory: string): Promise<Disk> {
  const outerImage = join(memory, "outer.img");
  const outer = join(memory, "outer");
  const path = join(memory, "btrfs");
  await mkdir(outer);
  await mkdir(path);
  await createImage(outerImage, 1024 * 1024 * 1024);
  await format("xfs", outerImage);
  await run("mount", "-o", "loop", outerImage, outer);
  const [image, copy] = [join(outer, "live.img"), join(outer, "copy.img")];
  await createImage(image, SIZES.btrfs);
  await format("btrfs", image);
  await run("mount", "-o", "loop", image, path);
  return {
    path,
    settle: () => run("sync", "-f", path),
    async cutPower() {
      await run("cp", "--reflink=always", image, copy);
      await run("umount", path);
      // What the living one wrote since is gone: the copy takes its place.
      await run("mv", copy, image);
      await run("mount", "-o", "loop", image, path);
    },
  };
}

/** Why disks cannot be cut off here, or `undefined` if they can. */
export async function whyNoPowerCut(kind: FileSystem): Promise<string | undefined> {
  if (process.platform !== "linux") return "needs Linux";
  if (!process.features.typescript) return "needs a Node that runs TypeScript sources";
  if (process.getuid?.() !== 0) return "needs root";
  const programs = ["unshare", "mount", "umount", "sync", "xfs_io", `mkfs.${kind}`];
  if (kind === "btrfs") programs.push("mkfs.xfs", "cp", "mv");
  for (const program of programs) {
    const found = await run("sh", "-c", `command -v ${program}`).then(
      () => true,
      () => false,
    );
    if (!found) return `needs ${program}`;
  }
  return undefined;
}
