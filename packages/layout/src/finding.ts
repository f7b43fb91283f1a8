import type { ErrorCode } from "./errors/error-code.ts";

/** One thing a verification has to say. Verifying changes nothing; findings are for people and programs. */
export interface Finding {
  /** `error`: bytes or names are wrong or missing. `note`: worth knowing, nothing is lost. */
  readonly severity: "error" | "note";
  readonly code: ErrorCode;
  /** What it is about: a digest, a name, a pack, a path. */
  readonly subject: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
}
