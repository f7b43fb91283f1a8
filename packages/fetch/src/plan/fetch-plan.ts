import type { Digest, IngestTarget } from "@store/layout";

import type { PullPorts } from "../pull-options.ts";

/** One file of a plan. */
export interface PlannedFile {
  readonly path: string;
  /** Bytes, where the source says. */
  readonly size: number | undefined;
  /** Where the source, or an earlier pull, says. */
  readonly digest: Digest | undefined;
  /** `present`: the store has it; `partial`: some of it came in an earlier attempt. */
  readonly state: "present" | "partial" | "absent";
  /** Bytes that need not be fetched. */
  readonly bytesPresent: number;
}

/** What a pull of a location would do now. */
export interface FetchPlan {
  /** The location as asked for, without credentials. */
  readonly location: string;
  readonly revision: string;
  /** The name it would be recorded under. */
  readonly name: string;
  /** What that name holds now, if it exists; a pull would bring it up to date. */
  readonly replaces: Digest | undefined;
  readonly license: string | undefined;
  readonly format: string | undefined;
  /** Ascending by path. */
  readonly files: readonly PlannedFile[];
  /** Bytes that would be fetched; `undefined` while a file of unknown size is among them. */
  readonly bytesToFetch: number | undefined;
  /** Bytes that are here already. */
  readonly bytesReused: number;
  /** Bytes of disk it would take, on top of what is taken now. */
  readonly bytesOnDisk: number | undefined;
  /** Bytes that are free, where the port says. */
  readonly bytesFree: number | undefined;
}

/** What a plan looks at. */
export interface PlanPorts extends Pick<
  PullPorts,
  "sources" | "blobs" | "manifests" | "readOrigins"
> {
  /** Bytes that earlier attempts left of a file: layout's `countPartialBytes`. */
  readonly countPartialBytes?: ((target: IngestTarget) => Promise<number>) | undefined;
  /** Bytes that are free where the store is. */
  readonly freeBytes?: (() => Promise<number | undefined>) | undefined;
}
