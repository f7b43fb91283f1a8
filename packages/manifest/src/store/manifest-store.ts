import type { AbortOptions, Descriptor, Digest, StoreError } from "@store/layout";

import type { Document } from "../document/document.ts";
import type { Name } from "../name/name.ts";

/** A name that exists, as it is spelled on disk. */
export interface ManifestEntry {
  readonly name: Name;
  /** The file that holds the manifest. */
  readonly path: string;
}

/** A manifest read from its name. */
export interface StoredManifest extends ManifestEntry {
  readonly document: Document;
  /** The exact bytes of the file. */
  readonly bytes: Uint8Array;
  /** Identity, size and media type of those bytes. */
  readonly descriptor: Descriptor;
}

/** A name with what it holds, or with why that cannot be told: one damaged name hides no other. */
export type ListedManifest =
  | {
      readonly entry: ManifestEntry;
      readonly stored: StoredManifest;
      /** Wall-clock milliseconds of the manifest's file. */
      readonly modifiedAtMs: number;
    }
  | {
      readonly entry: ManifestEntry;
      /** `corrupt`, `unsupported` or `denied`. */
      readonly error: StoreError;
    };

/** A name as a root of garbage collection, with every digest it needs. */
export interface Root {
  /** Full text form; a file that is a manifest but carries no name gives its path instead. */
  readonly name: string;
  /** Each once, ascending. */
  readonly digests: readonly Digest[];
}

export interface LinkOptions extends AbortOptions {
  /**
   * Only if the name holds exactly these bytes now; `null`: only if it does not exist, which the
   * file system decides. A digest is compared under the name lock and again in the last instant, so
   * only a program without our lock can still be overtaken, and only between that look and the next
   * call.
   *
   * @throws StoreError `ERR_STORE_MANIFEST_CHANGED`
   */
  readonly ifMatch?: Digest | null | undefined;
  /** Creates `x` although `registry.ollama.ai/library/x:latest` exists, or the other way round. */
  readonly force?: boolean | undefined;
}

export interface UnlinkOptions extends AbortOptions {
  /** Only if the name holds exactly these bytes now. */
  readonly ifMatch?: Digest | undefined;
}

/** What {@link ManifestStore.remove} did. */
export interface Removed {
  /** Whether the name was there. */
  readonly removed: boolean;
  /** The digests no other name needs, now marked for the next sweep; ascending. */
  readonly released: readonly Digest[];
}

/**
 * Names and what they lead to.
 *
 * A name that was published here is whole, valid, and every blob it names was present after it
 * became visible (INV-2, INV-3). A relink is atomic: a reader sees the old manifest or the new one.
 * No method depends on `this`, so any of them can be handed on as a port.
 */
export interface ManifestStore {
  /**
   * The manifest of a name: exact spelling first, then without regard to case.
   *
   * @throws StoreError `ERR_STORE_MANIFEST_INVALID`, `ERR_STORE_MANIFEST_TOO_LARGE`,
   * `ERR_STORE_MANIFEST_VERSION_UNSUPPORTED`
   */
  get(name: Name, options?: AbortOptions): Promise<StoredManifest | undefined>;
  /** The name as it is spelled on disk, without reading what it holds. */
  locate(name: Name, options?: AbortOptions): Promise<ManifestEntry | undefined>;
  /**
   * Identity of the manifest's bytes. A linked manifest that another tool or a person wrote becomes
   * a blob on the way, unless the store cannot be written; a v1 manifest's bytes are no blob.
   */
  resolve(name: Name, options?: AbortOptions): Promise<Descriptor | undefined>;
  /**
   * Publishes a manifest under a name, creating or replacing it. Flat names hold v1 manifests,
   * references hold linked ones. Every blob must be present; each is hashed if nobody did yet.
   *
   * @throws StoreError `ERR_STORE_MANIFEST_BLOB_MISSING` (and the name is as it was before),
   * `ERR_STORE_MANIFEST_CHANGED`, `ERR_STORE_NAME_CONFLICT`, `ERR_STORE_MANIFEST_NAME_MISMATCH`,
   * `ERR_STORE_NAME_UNFIT`, `ERR_STORE_MANIFEST_INVALID`
   */
  put(name: Name, bytes: Uint8Array, options?: LinkOptions): Promise<Descriptor>;
  /** {@link put} of the bytes of a blob: an untagged manifest gets a name. */
  link(name: Name, digest: Digest, options?: LinkOptions): Promise<Descriptor>;
  /**
   * Gives what one name holds a further name. Between references the bytes stay the same; a flat
   * name's manifest is written anew for its new name, or becomes a ModelPack artifact of one file;
   * a reference becomes flat if it has exactly one weights file.
   *
   * @throws StoreError as {@link put}, and `ERR_STORE_MANIFEST_NOT_FOUND`
   */
  tag(from: Name, to: Name, options?: LinkOptions): Promise<Descriptor>;
  /** Removes the name, durably, and nothing else. Its manifest need not be readable. */
  unlink(name: Name, options?: UnlinkOptions): Promise<boolean>;
  /** {@link unlink}, and marks what no other name needs for the next sweep. */
  remove(name: Name, options?: UnlinkOptions): Promise<Removed>;
  /** Every name, ascending by full text. Nothing is read: a listed manifest may turn out damaged. */
  list(options?: AbortOptions): AsyncIterable<ManifestEntry>;
  /**
   * {@link list}, and what each name holds, at a fraction of the cost of getting them one by one. A
   * name that goes away meanwhile is left out.
   *
   * @throws StoreError if the disk fails; what is wrong with one name comes with that name
   */
  listStored(options?: AbortOptions): AsyncIterable<ListedManifest>;
  /**
   * Every name with all it needs: layers, config, the manifest's own blob and, below an index, the
   * manifests that are present with theirs.
   *
   * @throws StoreError `ERR_STORE_ROOT_UNREADABLE` for the first name that cannot be read whole
   */
  roots(options?: AbortOptions): AsyncIterable<Root>;
  /** Files where manifests live that carry no name, ascending: other tools' or a person's. */
  listStrays(options?: AbortOptions): AsyncIterable<string>;
}
