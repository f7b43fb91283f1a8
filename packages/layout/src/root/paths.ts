import { join, sep } from "node:path";

import { type Digest, digestHex } from "../digest/digest.ts";

/**
 * Every path of the on-disk format, built from parsed values only. Paths marked *convention* are
 * shared with other tools byte for byte; see `docs/format.md`.
 */
export interface Paths {
  readonly root: string;
  /** `blobs/` (convention). */
  readonly blobs: string;
  /** `blobs/sha256/` (convention). */
  readonly sha256: string;
  /** `manifests/` (convention). */
  readonly manifests: string;
  /** `packs/` (chkpt). */
  readonly packs: string;
  /** `locks/`: other tools' lock files (convention). Never written by us. */
  readonly foreignLocks: string;
  /** `locks/quarantine/` (convention). */
  readonly quarantine: string;
  /** `.store/`: all that is ours alone. */
  readonly own: string;
  readonly format: string;
  readonly locks: string;
  readonly leases: string;
  readonly released: string;
  /** `.store/trashed/`: which blobs sweeps may have moved aside, and in which boots. */
  readonly trashed: string;
  readonly orphans: string;
  readonly pins: string;
  /** `.store/origins/<aa>.jsonl`: where blobs came from that have no file of their own. */
  keptOrigins(digest: Digest): string;
  /** `blobs/sha256/<aa>/` */
  fanout(digest: Digest): string;
  /** `blobs/sha256/<aa>/<hex>/`: the directory of one blob. */
  blobDirectory(digest: Digest): string;
  /** `blobs/sha256/<aa>/<hex>/data` (convention). */
  blob(digest: Digest): string;
  /** `blobs/sha256/<aa>/<hex>/chunks`: XXH64 per chunk. */
  chunks(digest: Digest): string;
  /** `blobs/sha256/<aa>/<hex>/origins.jsonl` */
  origins(digest: Digest): string;
  /** `blobs/sha256/<aa>/<hex>/data.trash-<sweep>` */
  trash(digest: Digest, sweep: string): string;
  /** `blobs/sha256/<aa>/.partial-<hex>.<owner>/` */
  partial(digest: Digest, owner: string): string;
  /** `blobs/.incoming-<id>.<owner>/` */
  incoming(id: string, owner: string): string;
}

/** Names inside a blob's directory and a partial's. */
export const DATA_FILE = "data";
export const CHUNKS_FILE = "chunks";
export const TRASH_PREFIX = "data.trash-";
/** Of a trash name given by a repair, which moves a file aside to learn whether it is the wrong one. */
export const SUSPECT_PREFIX: string = `${TRASH_PREFIX}suspect-`;
const PARTIAL_PREFIX = ".partial-";
const INCOMING_PREFIX = ".incoming-";

export function createPaths(root: string): Paths {
  const at = (...parts: string[]): string => join(root, ...parts);
  const sha256 = at("blobs", "sha256");
  // Put together by hand: a burst of small files asks for these thousands of times.
  const inFanout = (hex: string): string => `${sha256}${sep}${hex.slice(0, 2)}`;
  const blobDirectory = (digest: Digest): string => {
    const hex = digestHex(digest);
    return `${inFanout(hex)}${sep}${hex}`;
  };
  const inBlob = (digest: Digest, name: string): string => `${blobDirectory(digest)}${sep}${name}`;
  return {
    root,
    blobs: at("blobs"),
    sha256,
    manifests: at("manifests"),
    packs: at("packs"),
    foreignLocks: at("locks"),
    quarantine: at("locks", "quarantine"),
    own: at(".store"),
    format: at(".store", "format.json"),
    locks: at(".store", "locks"),
    leases: at(".store", "leases"),
    released: at(".store", "released"),
    trashed: at(".store", "trashed"),
    orphans: at(".store", "orphans"),
    pins: at(".store", "pins"),
    keptOrigins: (digest) => at(".store", "origins", `${digestHex(digest).slice(0, 2)}.jsonl`),
    fanout: (digest) => inFanout(digestHex(digest)),
    blobDirectory,
    blob: (digest) => inBlob(digest, DATA_FILE),
    chunks: (digest) => inBlob(digest, CHUNKS_FILE),
    origins: (digest) => inBlob(digest, "origins.jsonl"),
    trash: (digest, sweep) => inBlob(digest, `${TRASH_PREFIX}${sweep}`),
    partial: (digest, owner) =>
      join(inFanout(digestHex(digest)), `${PARTIAL_PREFIX}${digestHex(digest)}.${owner}`),
    incoming: (id, owner) => at("blobs", `${INCOMING_PREFIX}${id}.${owner}`),
  };
}
