import { execFile } from "node:child_process";
import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  writeFile,
} from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";

import { expect } from "vitest";

import {
  type BlobStore,
  type Descriptor,
  type Digest,
  digestBytes,
  type ErrorCode,
  type Layout,
  openBlobStore,
  openLayout,
  verifyBlobs,
} from "@store/layout";
import {
  collectContent,
  createContent,
  createTemporaryLayout,
  expectStoreError,
} from "@store/layout/testing";

const run = promisify(execFile);

export const content: Uint8Array = createContent(5_000, 1);
export const digest: Digest = digestBytes(content);
export const descriptor: Descriptor = { digest, size: content.length };
export const neighbour: Uint8Array = createContent(6_000, 2);

export interface Place {
  readonly layout: Layout;
  /** Of the blob. */
  readonly directory: string;
  /** A directory beside the root, which nothing may read from or write to. */
  readonly outside: string;
  /** A file in it, with bytes of the store's choosing: those of the blob. */
  readonly secret: string;
}

export type Damage = (path: string, place: Place) => Promise<void>;

async function replaced(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true });
}

async function makeNullDevice(path: string): Promise<void> {
  await run("mknod", [path, "c", "1", "3"]);
}

/** Whether this process may make device files: root may, where its container lets it. */
export const canMakeDevices: boolean = await (async () => {
  const directory = await mkdtemp(join(tmpdir(), "store-device-"));
  try {
    await makeNullDevice(join(directory, "null"));
    return true;
  } catch {
    return false;
  } finally {
    await rm(directory, { recursive: true });
  }
})();

const devices: Readonly<Record<string, Damage>> = {
  async "a device"(path) {
    await replaced(path);
    await makeNullDevice(path);
  },
};

/** What may be found in place of any file of the store. */
export const kinds: Readonly<Record<string, Damage>> = {
  ...(canMakeDevices ? devices : {}),
  async "an empty directory"(path) {
    await replaced(path);
    await mkdir(path);
  },
  async "a directory with a file in it"(path) {
    await replaced(path);
    await mkdir(path);
    await writeFile(join(path, "x"), "x");
  },
  async "a link to a file outside the root"(path, { secret }) {
    await replaced(path);
    await symlink(secret, path);
  },
  async "a link to a directory outside the root"(path, { outside }) {
    await replaced(path);
    await symlink(outside, path);
  },
  async "a link to nothing"(path) {
    await replaced(path);
    await symlink("nowhere", path);
  },
  async "a link to itself"(path) {
    await replaced(path);
    await symlink(path, path);
  },
  async "a fifo"(path) {
    await replaced(path);
    await run("mkfifo", [path]);
  },
  async "a socket"(path, { layout }) {
    await replaced(path);
    // Made under a short name: a socket's path may have a hundred bytes only.
    const short = join(dirname(layout.paths.root), "s");
    const server = createServer();
    await new Promise<void>((done) => server.listen(short, done));
    await rename(short, path);
    await new Promise((done) => server.close(done));
  },
};

/** What may be found inside any file of the store. */
export const contents: Readonly<Record<string, Damage>> = {
  "nothing at all": replaced,
  async "no bytes"(path) {
    await replaced(path);
    await writeFile(path, "");
  },
  async garbage(path) {
    await replaced(path);
    await writeFile(path, createContent(300, 77));
  },
  async "the first half"(path) {
    await chmod(path, 0o644);
    await truncate(path, Math.floor((await stat(path)).size / 2));
  },
  async "more than it had"(path) {
    await chmod(path, 0o644);
    await writeFile(path, "\0\0\0", { flag: "a" });
  },
};

export async function fillWithNul(path: string): Promise<void> {
  const { size } = await stat(path);
  await chmod(path, 0o644);
  await writeFile(path, new Uint8Array(size));
}

export async function flipBit(path: string): Promise<void> {
  const bytes = await readFile(path);
  const at = bytes.length >> 1;
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  await chmod(path, 0o644);
  await writeFile(path, bytes);
}

export const damages: Readonly<Record<string, Damage>> = {
  ...kinds,
  ...contents,
  "one bit that is not what it was": flipBit,
  "zeros of the same size": fillWithNul,
};

/** Everything below a directory, with what would change if somebody touched it. */
export async function pictureOf(directory: string): Promise<readonly unknown[]> {
  const names = (await readdir(directory, { recursive: true })).toSorted();
  return Promise.all(
    ["", ...names].map(async (name) => {
      const { mode, mtimeMs, nlink, size, ino } = await lstat(join(directory, name));
      return { name, mode, mtimeMs, nlink, size, ino };
    }),
  );
}

export async function codesOf(layout: Layout): Promise<readonly string[]> {
  const codes: string[] = [];
  for await (const { code } of verifyBlobs(layout)) codes.push(code);
  return codes;
}

export async function putWhole(blobs: BlobStore): Promise<void> {
  await blobs.put(descriptor, content);
}

export async function ingestWhole(blobs: BlobStore): Promise<void> {
  await using ingest = await blobs.ingest(descriptor);
  for (const { start, end } of ingest.missing()) {
    await ingest.writeAt(start, content.slice(start, end));
  }
  await ingest.commit();
}

export async function expectWhole(blobs: BlobStore, bytes: Uint8Array): Promise<void> {
  const found = await collectContent(blobs.read(digestBytes(bytes)));
  expect(Buffer.compare(found, bytes)).toBe(0);
}

/** A store with the blob and a neighbour, which is damaged, then used. */
export async function inStore(
  body: (place: Place) => Promise<void>,
  /** Whether the outside must be as it was in the end; `false` where the body itself changes it. */
  leavesOutside = true,
): Promise<void> {
  await using temporary = await createTemporaryLayout();
  const outside = join(dirname(temporary.root), "outside");
  const secret = join(outside, "secret");
  await mkdir(outside);
  await writeFile(secret, content);
  const { layout } = temporary;
  const blobs = openBlobStore(layout);
  await blobs.add(content);
  await blobs.add(neighbour);
  const before = await pictureOf(outside);
  await body({ layout, directory: layout.paths.blobDirectory(digest), outside, secret });
  if (leavesOutside) expect(await pictureOf(outside)).toEqual(before);
}

/** The damage is told by verification; then the blob is written again. */
export async function check(
  damage: (place: Place) => Promise<void>,
  write: (blobs: BlobStore) => Promise<void>,
  expected: { readonly finding?: ErrorCode; readonly refusal?: ErrorCode },
): Promise<void> {
  await inStore(async (place) => {
    await damage(place);
    const layout = await openLayout(place.layout.paths.root);
    const blobs = openBlobStore(layout);
    expect(await codesOf(layout)).toEqual(expected.finding === undefined ? [] : [expected.finding]);
    if (expected.refusal === undefined) {
      await write(blobs);
      await expectWhole(blobs, content);
      expect(await codesOf(layout)).toEqual([]);
    } else await expectStoreError(write(blobs), expected.refusal);
    await expectWhole(blobs, neighbour);
  });
}

export interface Writer {
  readonly way: string;
  write(blobs: BlobStore): Promise<void>;
}

export const writers: readonly Writer[] = [
  { way: "put", write: putWhole },
  { way: "ingest", write: ingestWhole },
];
