import type { Log } from "../log.ts";
import type { ErrorRedactor } from "../http/redact-error.ts";
import type { BlobProver } from "../store/blob-prover.ts";
import type { Collector } from "../gc/collector.ts";
import type { StorePorts } from "../store/store-ports.ts";

/** What a route answers from. */
export interface RouteContext extends StorePorts {
  readonly request: Request;
  readonly prover: BlobProver;
  readonly collector: Collector;
  readonly redact: ErrorRedactor;
  /** A value without paths of this machine: a name that is none is called by the path of its file. */
  readonly hide: (value: object) => unknown;
  readonly log: Log;
  /** Resets the connection of this request, if it came over one. */
  readonly cut: (() => void) | undefined;
}
