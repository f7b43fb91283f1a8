import type { TestedMutant } from "@store/testing/mutants";

/** Bugs that a change of this package's sources could bring back. Each was some store's once. */
export const mutants: readonly TestedMutant[] = [
  {
    bug: "bytes are published that were not compared with their digest",
    file: "blobs/put-blob.ts",
    from: "if (hashes.digest !== expected.digest) {",
    to: "if (hashes.digest.length !== expected.digest.length) {",
    suite: "test/conformance.test.ts",
    test: "refuses bytes of another identity",
  },
  {
    bug: "the size expected is not compared",
    file: "blobs/put-blob.ts",
    from: "if (size !== undefined && hasher.taken !== size) throw",
    to: "if (size !== undefined && hasher.taken < 0) throw",
    suite: "test/conformance.test.ts",
    test: "refuses an addition of another size",
  },
  {
    bug: "a file of another tool is trusted for its size",
    file: "blobs/ensure-verified.ts",
    from: "if (await isHashed(layout, digest, found.stat)) return found;",
    to: "if (found.stat.size > 0) return found;",
    suite: "test/hostile/on-disk-state.test.ts",
    test: "is healed where it holds zeros and nothing vouches",
  },
  {
    bug: "a file that was written to since it was hashed is trusted",
    file: "sidecars/chunk-sidecar.ts",
    from: "if (data.mtimeMs > mtimeMs && data.mtimeMs <= layout.now()) return false;",
    to: "",
    suite: "test/hostile/on-disk-state.test.ts",
    test: "is healed where it was written to since it was hashed",
  },
  {
    bug: "a short write is taken for a whole one",
    file: "fs/write-fully.ts",
    from: "    done += written;",
    to: "    done += bytes.length;",
    suite: "test/faults/errors.test.ts",
    test: "writes less than it was given: first add of a store",
  },
  {
    bug: "a write that only claims to be whole is believed",
    file: "blobs/put-blob.ts",
    from: "if (size !== hashes.chunks.size) throw",
    to: "if (size < 0) throw",
    suite: "test/faults/lying-disk.test.ts",
    test: "published by put",
  },
  {
    bug: "a failed sync is tried again",
    file: "ingest/disk-ingest.ts",
    from: "await partial.file.datasync();",
    to: "await partial.file.datasync().catch(() => partial.file.datasync());",
    suite: "test/faults/failed-sync.test.ts",
    test: "ingest of three ranges",
  },
  {
    bug: "a range is recorded while it is still written past the page cache",
    file: "ingest/disk-ingest.ts",
    from: "    const write = explaining(`write blob ${what}`, () => writeDirect(bytes, offset));\n",
    to: "    noteWritten(offset, bytes); const write = writeDirect(bytes, offset); await write; return;\n",
    suite: "test/direct-ingest.test.ts",
    test: "neither records nor reuses",
  },
  {
    bug: "a buffer is given to the next while it is still written",
    file: "ingest/disk-ingest.ts",
    from: "hashed = hasher.offer(offset, slot, length);",
    to: "slot.release();",
    suite: "test/direct-ingest.test.ts",
    test: "neither records nor reuses",
  },
  {
    bug: "a file system that refuses direct writes fails a transfer",
    file: "fs/direct-writes.ts",
    from: 'if (!isErrno(error, "EINVAL", "ENOTSUP", "EOPNOTSUPP")) throw error;',
    to: "if (isErrno(error)) refused = false; throw error;",
    suite: "test/direct-ingest.test.ts",
    test: "refuses the direct writes",
  },
  {
    bug: "a failed sync is passed over",
    file: "blobs/put-blob.ts",
    from: "await staging.file.sync();",
    to: "await staging.file.sync().catch(() => {});",
    suite: "test/faults/failed-sync.test.ts",
    test: "again: put$",
  },
  {
    bug: "a new file may be somebody else's",
    file: "fs/node-fs.ts",
    from: "constants.O_CREAT | constants.O_EXCL | NO_FOLLOW",
    to: "constants.O_CREAT",
    suite: "src/fs/node-fs.test.ts",
    test: "creates no file where anything has the name",
  },
  {
    bug: "a lock is released without a look at who holds it",
    file: "locks/directory-lock.ts",
    from: "if (lost.signal.aborted || (current !== undefined && current.id !== owner.id)) return;",
    to: "void current;",
    suite: "src/locks/with-lock.test.ts",
    test: "the dead one takes nothing back",
  },
  {
    bug: "a lease is removed without another look",
    file: "leases/disk-lease-store.ts",
    from: "protects = await isLive(lease);",
    to: "protects = false;",
    suite: "test/race/interleaving/protocol.test.ts",
    test: "a lease renewed late",
  },
  {
    bug: "wrong bytes are deleted",
    file: "blobs/ensure-verified.ts",
    from: "await ifPresent(quarantineFile(layout, suspect, why));",
    to: "void why, void quarantineFile, await ifPresent(fs.unlink(suspect));",
    suite: "test/race/interleaving/protocol.test.ts",
    test: "two that find the wrong bytes",
  },
  {
    bug: "a link out of the store is followed",
    file: "blobs/find-blob.ts",
    from: "  await mustBeInside(layout, digest);\n",
    to: "",
    suite: "test/hostile/confinement.test.ts",
    test: "is not read through",
  },
  {
    bug: "a newer store is written",
    file: "root/store-format.ts",
    from: "newer.data.format > STORE_FORMAT",
    to: "newer.data.format > 99",
    suite: "test/hostile/surroundings.test.ts",
    test: "announces a newer format$",
  },
  {
    bug: "a blob is published over another",
    file: "fs/publish.ts",
    from: "await fs.link(from, to);",
    to: "await fs.rename(from, to);",
    suite: "test/race/interleaving/protocol.test.ts",
    test: "two that find the wrong bytes",
  },
];

/** Bugs that are planted where they are found, by tests that turn red without them. */
export const plantedElsewhere: readonly {
  readonly bug: string;
  readonly suite: string;
  /** Words of the test's file. */
  readonly words: string;
}[] = [
  ...["nothing is synced", "contents are not synced", "names are not synced"].map((bug) => ({
    bug,
    suite: "test/crash/powercut/powercut.test.ts",
    words: bug,
  })),
  {
    bug: "the name is given before the sync",
    suite: "test/crash/powercut/powercut.test.ts",
    words: "contents are synced after they have their final name",
  },
  {
    bug: "the journal is synced before the bytes it lists",
    suite: "test/crash/powercut/powercut.test.ts",
    words: "ranges are recorded before they are on the disk",
  },
  ...[
    "a sweep that takes no second look",
    "a sweep that looks before it moves the blob aside",
    "a sweep that unlinks before it looks",
    "a sweep that reads the names before the leases",
    "a publisher that does not look again",
    "a transfer that takes over the file of a living owner",
    "a sweep that removes a lease without looking again",
  ].map((bug) => ({ bug, suite: "test/race/interleaving/protocol.test.ts", words: bug })),
  {
    bug: "a sweep that takes no second look, among eight processes",
    suite: "test/race/processes/processes.test.ts",
    words: "are shown to lose something where sweeps take no second look",
  },
];
