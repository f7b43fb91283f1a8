import { isStoreError } from "@store/layout";

/** Says that a server refuses one connection while it serves others. */
export class Refused extends Error {
  constructor(cause: unknown) {
    super("the server refuses a further connection", { cause });
  }
}

/** Statuses of a server that was asked too much. */
const refusing: ReadonlySet<unknown> = new Set([429, 503]);

/** What becomes of a connection to a server that takes no more of them. */
const cutOff: ReadonlySet<unknown> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "UND_ERR_SOCKET",
]);

/** Whether a request failed in a way that fewer connections may prevent. */
export function isRefusal(error: unknown): boolean {
  if (!isStoreError(error) || error.detail["transient"] !== true) return false;
  const { status, reason } = error.detail;
  return refusing.has(status) || cutOff.has(reason);
}

/** How long the server wants to be left alone, where it says so. */
export function retryAfterMsOf(error: unknown): number {
  const asked = isStoreError(error) ? error.detail["retryAfterMs"] : undefined;
  return typeof asked === "number" ? asked : 0;
}
