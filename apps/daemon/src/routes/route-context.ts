import type { Log } from "../log.ts";
import type { ErrorRedactor } from "../http/redact-error.ts";
import type { BlobProver } from "../store/blob-prover.ts";
import type { StorePorts } from "../store/store-ports.ts";

/** What a route answers from. */
export interface RouteContext extends StorePorts {
  readonly request: Request;
  readonly prover: BlobProver;
  readonly redact: ErrorRedactor;
  readonly log: Log;
  /** Resets the connection of this request, if it came over one. */
  readonly cut: (() => void) | undefined;
}
