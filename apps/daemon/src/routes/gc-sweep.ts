import { isStoreError } from "@store/layout";

import { jsonResponse } from "../http/json-response.ts";
import { readQuery } from "../http/read-query.ts";
import { describeError } from "../log.ts";
import type { RouteContext } from "./route-context.ts";

/**
 * `POST /v1/gc/sweep`: deletes what nobody needs; with `plan=<digest>` exactly what that plan of
 * `GET /v1/gc/plan` says, less what somebody needs by now. A client that leaves ends the sweep.
 */
export async function answerGcSweep(context: RouteContext): Promise<Response> {
  const { request, collector, redact, hide, log } = context;
  const { plan } = readQuery(request, ["plan"]);
  const { failed, ...report } = await collector.sweep({ plan, signal: request.signal });
  for (const { subject, error } of failed) {
    if (!isStoreError(error)) log({ event: "gc-failed", subject, error: describeError(error) });
  }
  const failures = failed.map(({ subject, error }) => ({ subject, error: redact(error) }));
  return jsonResponse(hide({ ...report, failed: failures }));
}
