import { expect } from "vitest";

import type { ErrorCode } from "../errors/error-code.ts";
import { isStoreError, type StoreError } from "../errors/store-error.ts";

/** Waits for a rejection with a `StoreError` of that code, and hands the error out. */
export async function expectStoreError(
  promise: Promise<unknown>,
  ...codes: readonly ErrorCode[]
): Promise<StoreError> {
  const outcome = await promise.then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if (!("error" in outcome)) {
    return expect.fail(
      `resolved with ${JSON.stringify(outcome.value)} instead of ${codes.join(" or ")}`,
    );
  }
  const { error } = outcome;
  if (!isStoreError(error)) throw error;
  expect(codes, error.message).toContain(error.code);
  return error;
}
