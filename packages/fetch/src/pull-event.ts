import type { Digest } from "@store/layout";

/** What a pull reports while it works. Bytes are counts, never copies. */
export type PullEvent =
  /** The location is understood and its revision pinned. */
  | {
      readonly kind: "resolve";
      readonly location: string;
      readonly revision: string;
      readonly fileCount: number;
      /** Sum of the sizes, where the source says them all. */
      readonly bytes: number | undefined;
    }
  /** Another process is fetching the same bytes; they are left to it while it gets on. */
  | { readonly kind: "wait"; readonly path: string }
  /** Bytes of a file are about to be asked for. */
  | {
      readonly kind: "file-start";
      readonly path: string;
      readonly size: number | undefined;
      readonly digest: Digest | undefined;
      /** Bytes an earlier attempt left, checked and not fetched again. */
      readonly resumedBytes: number;
    }
  | {
      readonly kind: "progress";
      readonly path: string;
      /** Bytes of the file that are here, resumed ones included. */
      readonly received: number;
      readonly total: number | undefined;
      /**
       * Bytes from the file's start that are part of its hash. Whether they are right is known when it
       * has all of them.
       */
      readonly verified: number;
      /** Bytes that arrived per second over the last few seconds. */
      readonly bytesPerSecond: number;
    }
  /** An answer begins to bring a range of a file, on a connection beside those of other ranges. */
  | {
      readonly kind: "range";
      readonly path: string;
      /** First byte, and one past the last; `undefined` where only the end of the answer tells. */
      readonly start: number;
      readonly end: number | undefined;
      /** Who brings it: a host, or `file`. */
      readonly source: string;
    }
  /**
   * A place failed or sent other bytes than the digest stands for, and another one brings them. What
   * came before is kept as far as it can be right.
   */
  | {
      readonly kind: "takeover";
      readonly path: string;
      /** Who brings the bytes now, and who failed. Without credentials. */
      readonly location: string;
      readonly failed: string;
      /** Code of the error. */
      readonly code: string;
      readonly message: string;
    }
  /** A transfer broke and will go on where it stopped after a pause. */
  | {
      readonly kind: "retry";
      readonly path: string;
      readonly attempt: number;
      readonly delayMs: number;
      /** Code of the error that broke it. */
      readonly code: string;
      readonly message: string;
    }
  /** All bytes are here; those that are not part of the hash yet are read back. Comes repeatedly. */
  | {
      readonly kind: "verify";
      readonly path: string;
      readonly verified: number;
      readonly total: number | undefined;
    }
  | {
      readonly kind: "file-done";
      readonly path: string;
      readonly digest: Digest;
      readonly size: number;
      /** Whether nothing of it was fetched: the store had it. */
      readonly reused: boolean;
    }
  /** The name is recorded; what it leads to is complete. */
  | { readonly kind: "publish"; readonly name: string; readonly digest: Digest };
