import { createHash } from "node:crypto";
import { open, stat } from "node:fs/promises";

import { createGitBlobHasher } from "../../transfer/git-blob-hash.ts";
import type { FakeFile, FakeRepository } from "./fake-hub.ts";

/** A file with all that a hub says about it. */
export interface PreparedFile {
  readonly path: string;
  readonly size: number;
  /** SHA-256, hex, of LFS files. */
  readonly sha256: string | undefined;
  /** Git's name of the bytes, or of the pointer of an LFS file. */
  readonly oid: string;
  readonly pointerSize: number;
  read(start: number, end: number): Promise<Uint8Array>;
}

export interface PreparedRepository {
  readonly name: string;
  readonly commit: string;
  readonly revisions: readonly string[];
  readonly license: string | undefined;
  /** By path. */
  readonly scan: Readonly<Record<string, string>>;
  readonly gated: boolean;
  readonly private: boolean;
  /** Ascending by path. */
  readonly files: readonly PreparedFile[];
}

/** Endings the hub keeps as LFS files. */
const lfsEnding = /\.(gguf|safetensors|bin|pt|onnx|h5|msgpack)$/i;

const HASH_BYTES = 1024 * 1024;

interface Readable {
  readonly size: number;
  readonly lfs: boolean | undefined;
  read(start: number, end: number): Promise<Uint8Array>;
}

async function openFakeFile(file: FakeFile): Promise<Readable> {
  if (typeof file === "string") return openFakeFile(new TextEncoder().encode(file));
  if (file instanceof Uint8Array) {
    return {
      size: file.length,
      lfs: undefined,
      read: async (start, end) => file.subarray(start, end),
    };
  }
  if (!("file" in file)) {
    return {
      size: file.size,
      lfs: file.lfs,
      read: async (start, end) => file.read(start, end),
    };
  }
  const { size } = await stat(file.file);
  return {
    size,
    lfs: file.lfs,
    async read(start, end) {
      const handle = await open(file.file, "r");
      try {
        const buffer = new Uint8Array(end - start);
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, start);
        return buffer.subarray(0, bytesRead);
      } finally {
        await handle.close();
      }
    },
  };
}

async function prepareFile(path: string, file: FakeFile): Promise<PreparedFile> {
  const { size, lfs, read } = await openFakeFile(file);
  const isLfs = lfs ?? lfsEnding.test(path);
  const sha256 = createHash("sha256");
  const git = createGitBlobHasher(size);
  for (let at = 0; at < size; at += HASH_BYTES) {
    const bytes = await read(at, Math.min(size, at + HASH_BYTES));
    (isLfs ? sha256 : git).update(bytes);
  }
  if (!isLfs) {
    return { path, size, sha256: undefined, oid: git.digest(), pointerSize: 0, read };
  }
  const hex = sha256.digest("hex");
  const pointer = new TextEncoder().encode(
    `version https://git-lfs.github.com/spec/v1\noid sha256:${hex}\nsize ${size}\n`,
  );
  const pointerGit = createGitBlobHasher(pointer.length);
  pointerGit.update(pointer);
  return { path, size, sha256: hex, oid: pointerGit.digest(), pointerSize: pointer.length, read };
}

/** Hashes every file of a repository once, as a hub has done when it answers for them. */
export async function prepareRepository(
  name: string,
  repository: FakeRepository,
): Promise<PreparedRepository> {
  const files: PreparedFile[] = [];
  for (const path of Object.keys(repository.files).sort()) {
    const file = repository.files[path];
    if (file !== undefined) files.push(await prepareFile(path, file));
  }
  const listing = files.map(({ path, oid }) => `${oid} ${path}\n`).join("");
  return {
    name,
    commit: repository.commit ?? createHash("sha1").update(`${name}\n${listing}`).digest("hex"),
    revisions: repository.revisions ?? ["main"],
    license: repository.license,
    scan: repository.scan ?? {},
    gated: repository.gated ?? false,
    private: repository.private ?? false,
    files,
  };
}
