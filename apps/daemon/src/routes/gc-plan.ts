import { jsonResponse } from "../http/json-response.ts";
import { readQuery } from "../http/read-query.ts";
import type { RouteContext } from "./route-context.ts";

/** `GET /v1/gc/plan`: what a sweep would do now. Changes nothing. */
export async function answerGcPlan(context: RouteContext): Promise<Response> {
  const { request, collector, hide } = context;
  readQuery(request, []);
  return jsonResponse(hide(await collector.plan({ signal: request.signal })));
}
