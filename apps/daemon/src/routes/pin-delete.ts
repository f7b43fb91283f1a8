import { describePin } from "@store/gc";
import { StoreError } from "@store/layout";

import { jsonResponse } from "../http/json-response.ts";
import { readQuery } from "../http/read-query.ts";
import type { RouteContext } from "./route-context.ts";

/** `DELETE /v1/pins/:what`: ends a pin, also one whose name is gone. Frees nothing by itself. */
export async function answerPinDelete(text: string, context: RouteContext): Promise<Response> {
  readQuery(context.request, []);
  const pin = await context.collector.unpin(text);
  if (pin !== undefined) return jsonResponse(describePin(pin));
  throw new StoreError("nothing is pinned by this name or digest", {
    kind: "not-found",
    code: "ERR_STORE_PIN_NOT_FOUND",
    detail: { what: text },
  });
}
