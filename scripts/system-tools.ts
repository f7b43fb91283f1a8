// What tests use of the system when it is there: programs, libraries, the rights of root.
//
// Whether it is there decides which tests run, so the answer belongs to what a test result is
// remembered for: without it, a cached result would hide tests that could run by now.

import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";

const PROGRAMS = [
  "docker-registry",
  "faketime",
  "lz4",
  "mkfs.btrfs",
  "mkfs.ext4",
  "mkfs.xfs",
  "nginx",
  "python3",
  "skopeo",
  "strace",
  "tinyproxy",
];

/** Where Debian keeps programs that are not on everybody's PATH. */
const MORE_DIRECTORIES = ["/usr/sbin", "/sbin"];

/** What is no program, by the Debian package it comes from. */
const FILES = {
  "python3-lz4": "/usr/lib/python3/dist-packages/lz4",
  "python3-xxhash": "/usr/lib/python3/dist-packages/xxhash",
};

/** The names of what is there, sorted; `root` is one of them. */
export async function findSystemTools(): Promise<readonly string[]> {
  const dirs = [...(process.env["PATH"] ?? "").split(delimiter), ...MORE_DIRECTORIES];
  const found: string[] = [];
  for (const program of PROGRAMS) {
    const places = await Promise.all(dirs.map((dir) => mayAccess(join(dir, program))));
    if (places.includes(true)) found.push(program);
  }
  for (const [name, path] of Object.entries(FILES)) {
    if (await mayAccess(path)) found.push(name);
  }
  if (process.getuid?.() === 0) found.push("root");
  return found.toSorted();
}

async function mayAccess(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
