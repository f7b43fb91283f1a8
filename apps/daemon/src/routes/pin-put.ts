import { describePin } from "@store/gc";
import { StoreError } from "@store/layout";

import { jsonResponse } from "../http/json-response.ts";
import { queryInvalid, readQuery } from "../http/read-query.ts";
import type { RouteContext } from "./route-context.ts";

/** What a person says in a line or two. */
const REASON_CHARS_MAX = 1_000;

/** RFC 3339, in UTC. */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?Z$/;

/**
 * `PUT /v1/pins/:what`: keeps what a name leads to now, or a blob, or all that a manifest needs;
 * with `reason=` and `until=`. Pins anew what is pinned.
 */
export async function answerPinPut(text: string, context: RouteContext): Promise<Response> {
  const { request, collector } = context;
  const { reason = "", until } = readQuery(request, ["reason", "until"]);
  if (reason.length > REASON_CHARS_MAX) throw queryInvalid("reason is too long");
  const untilMs = until === undefined ? undefined : parseUntil(until, Date.now());
  const pin = await collector.pin(text, { reason, untilMs });
  if (pin === undefined) throw nothingToPin(text);
  return jsonResponse(describePin(pin));
}

function parseUntil(text: string, nowMs: number): number {
  const ms = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (ms > nowMs) return ms;
  throw queryInvalid("until is no time to come, as 2030-12-31T18:00:00Z");
}

function nothingToPin(text: string): StoreError {
  return new StoreError("the store has nothing of this name or digest", {
    kind: "not-found",
    code: "ERR_STORE_BLOB_NOT_FOUND",
    detail: { what: text },
  });
}
