import { StoreError } from "@store/layout";

import { jsonResponse } from "../http/json-response.ts";
import { readQuery } from "../http/read-query.ts";
import type { RouteContext } from "./route-context.ts";

/** `GET /v1/why/:what`: what keeps a blob, or each blob of a name, or why it will go. */
export async function answerWhy(text: string, context: RouteContext): Promise<Response> {
  const { request, collector, hide } = context;
  readQuery(request, []);
  const why = await collector.why(text, { signal: request.signal });
  if (why === undefined) {
    throw new StoreError("the store has nothing of this name", {
      kind: "not-found",
      code: "ERR_STORE_MANIFEST_NOT_FOUND",
      detail: { what: text },
    });
  }
  const blobs = why.blobs.map(({ roots, orphanAgeMs, ...rest }) => {
    return { ...rest, names: roots, orphanAgeMs: orphanAgeMs ?? null };
  });
  return jsonResponse(hide({ subject: why.subject, blobs }));
}
