import { isStoreError, type StoreErrorJson } from "@store/layout";

import { HTTP_STATUS } from "../http-status.ts";
import { jsonResponse } from "./json-response.ts";

export interface ErrorResponseOptions {
  /** Where HTTP has a more exact word than the kind's: 405, 412, 416. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * An error on the wire: `{"error": …}`. The connection ends with it, so that nothing a refused
 * request carried can be taken for a further request.
 */
export function errorResponse(error: StoreErrorJson, options: ErrorResponseOptions = {}): Response {
  return jsonResponse(
    { error },
    {
      status: options.status ?? HTTP_STATUS[error.kind],
      headers: {
        ...(error.kind === "unavailable" || error.kind === "busy" ? { "retry-after": "1" } : {}),
        ...options.headers,
        connection: "close",
      },
    },
  );
}

/** Whether the operator should hear of it: what the client did wrong is not news. */
export function isServerFault(error: unknown): boolean {
  return !isStoreError(error) || HTTP_STATUS[error.kind] >= 500;
}
