import { inspect } from "node:util";

import { asStoreError, isStoreError, type StoreErrorJson } from "@store/layout";

import { escapeText } from "../output/escape-text.ts";
import { EXIT_ABORTED, EXIT_CODES } from "./exit-codes.ts";

export interface ErrorReport {
  readonly exitCode: number;
  /** For standard error, with a final newline; empty where there is nothing to say. */
  readonly text: string;
}

export interface ReportOptions {
  /** One JSON document instead of text for people. */
  readonly json: boolean;
  /** Adds the stack and the causes, for people who repair this program. */
  readonly debug: boolean;
}

/** What the user is told about a failure, and what the shell is. */
export function reportError(thrown: unknown, options: ReportOptions): ErrorReport {
  const trace = options.debug ? `${inspect(thrown, { depth: 6 })}\n` : "";
  if (isAbort(thrown)) {
    return { exitCode: thrown.exitCode ?? EXIT_ABORTED, text: trace };
  }
  const error = describeError(thrown);
  const text = options.json ? `${JSON.stringify(error)}\n` : formatError(error);
  return { exitCode: EXIT_CODES[error.kind], text: trace + text };
}

function isAbort(thrown: unknown): thrown is Error & { readonly exitCode?: number } {
  return thrown instanceof Error && thrown.name === "AbortError";
}

/** The wire form of anything that was thrown: no stack, no cause. */
export function describeError(thrown: unknown): StoreErrorJson {
  const error = asStoreError(thrown, "run the command");
  if (isStoreError(error)) return error.toJSON();
  return {
    kind: "internal",
    code: "ERR_STORE_INTERNAL",
    message: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
    hint: "This is a fault of the program. Please report it with what STORE_DEBUG=1 prints.",
  };
}

export function exitCodeOf(thrown: unknown): number {
  return EXIT_CODES[describeError(thrown).kind];
}

/** Two lines at most: what happened, and what to do about it. */
function formatError(error: StoreErrorJson): string {
  const hint = error.hint === undefined ? "" : `hint: ${escapeText(error.hint)}\n`;
  return `store: ${escapeText(error.message)}\n${hint}`;
}
