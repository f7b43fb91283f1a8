import type { ErrorCode, ErrorKind } from "./error-code.ts";

export interface StoreErrorOptions {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  /** What the reader can do next, as one sentence in the imperative. */
  readonly hint?: string | undefined;
  /** The values of the message, typed for programs. Must survive `JSON.stringify`. */
  readonly detail?: Readonly<Record<string, unknown>> | undefined;
  readonly cause?: unknown;
}

/** The wire form of a {@link StoreError}: no stack, no cause. */
export interface StoreErrorJson {
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

// A registered symbol, not `instanceof`: two copies of this package may meet in one process.
const mark: symbol = Symbol.for("@store/error");

/**
 * The one error class of every `@store` package.
 *
 * `kind` says what the caller should do, `code` what happened, `message` states the fact with its
 * values, `hint` the remedy. Programmer errors are `TypeError`s, aborts rethrow `signal.reason`;
 * neither is a `StoreError`.
 */
export class StoreError extends Error {
  override readonly name: string = "StoreError";
  readonly kind: ErrorKind;
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly detail: Readonly<Record<string, unknown>>;

  constructor(message: string, options: StoreErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.kind = options.kind;
    this.code = options.code;
    this.hint = options.hint;
    this.detail = options.detail ?? {};
    Object.defineProperty(this, mark, { value: true });
  }

  toJSON(): StoreErrorJson {
    return {
      kind: this.kind,
      code: this.code,
      message: this.message,
      ...(this.hint === undefined ? {} : { hint: this.hint }),
      ...(Object.keys(this.detail).length === 0 ? {} : { detail: this.detail }),
    };
  }
}

/** Whether a caught value is a {@link StoreError}, of the given code if one is named. */
export function isStoreError(error: unknown, code?: ErrorCode): error is StoreError {
  if (typeof error !== "object" || error === null) return false;
  if ((error as Record<symbol, unknown>)[mark] !== true) return false;
  return code === undefined || (error as StoreError).code === code;
}
