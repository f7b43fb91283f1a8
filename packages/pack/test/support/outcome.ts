import { isStoreError } from "@store/layout";

/**
 * What a call comes to: its result, or the code of its `StoreError` with what is said to be wrong.
 * Any other error is thrown on.
 */
export function outcomeOf<T>(call: () => T): T | string {
  try {
    return call();
  } catch (error) {
    if (!isStoreError(error)) throw error;
    const { what } = error.detail;
    return typeof what === "string" ? `${error.code} ${what}` : error.code;
  }
}
