import { StoreError } from "@store/layout";

/** The command line itself is wrong: nothing was looked at, nothing was done. */
export function usageError(message: string, hint: string): StoreError {
  return new StoreError(message, { kind: "invalid", code: "ERR_STORE_USAGE", hint });
}
