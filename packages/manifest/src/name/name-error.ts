import { StoreError } from "@store/layout";

/** Which part of a name an error is about. */
export type NamePart = "name" | "host" | "namespace" | "model" | "tag" | "digest";

/** What is wrong with a part, and where in it. */
export interface PartProblem {
  readonly message: string;
  /** Offset in the part, in UTF-16 units. */
  readonly index: number;
  readonly hint?: string | undefined;
}

/** Names are short; a message that repeats 64 KiB of hostile text helps nobody. */
const SHOWN_MAX = 100;

/** Text for a message: JSON quoting, with everything escaped that a terminal could act on. */
export function quoteText(text: string): string {
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  return JSON.stringify(shown).replaceAll(
    /[^\x20-\x7e…]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * `ERR_STORE_REF_INVALID`.
 *
 * @param index offset in `text`, in UTF-16 units
 */
export function refInvalid(
  text: string,
  part: NamePart,
  problem: PartProblem,
  cause?: unknown,
): StoreError {
  return new StoreError(`not a name: ${quoteText(text)}: ${problem.message}`, {
    kind: "invalid",
    code: "ERR_STORE_REF_INVALID",
    hint: problem.hint,
    detail: { text: text.slice(0, SHOWN_MAX), part, index: problem.index },
    cause,
  });
}
