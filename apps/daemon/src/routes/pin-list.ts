import { describePin } from "@store/gc";

import { jsonResponse } from "../http/json-response.ts";
import { readQuery } from "../http/read-query.ts";
import type { RouteContext } from "./route-context.ts";

/** `GET /v1/pins`: every pin, those whose end has come included. */
export async function answerPinList({ request, collector }: RouteContext): Promise<Response> {
  readQuery(request, []);
  const pins = await collector.pins({ signal: request.signal });
  return jsonResponse({ pins: pins.map((pin) => describePin(pin)) });
}
