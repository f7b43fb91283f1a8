import type { AbortOptions, ByteRange, StoreError } from "@store/layout";

import type { OpenedRange } from "../source.ts";
import { createDirectUrls } from "./direct-urls.ts";
import type { HttpClient, HttpResponse } from "./http-client.ts";
import { upstreamError } from "./http-errors.ts";
import { checkBodyHeaders, type RangeTarget } from "./range-target.ts";
import { readPartial, readUnsatisfied, readWhole } from "./range-answer.ts";
import { travellingHeaders } from "./redirect.ts";

export interface RangeOpenerOptions {
  /** Turns a status nobody asked for into its error; may read the body's headers, not the body. */
  describe(response: HttpResponse, target: RangeTarget): StoreError;
}

/** Opens a range of a file over HTTP, once. */
export type RangeOpener = (
  target: RangeTarget,
  range: ByteRange,
  options?: AbortOptions,
) => Promise<OpenedRange>;

/** Statuses of a signed URL that has expired, or was meant for another moment. */
const staleStatuses: ReadonlySet<number> = new Set([400, 401, 403, 404, 410]);

const usefulStatuses: ReadonlySet<number> = new Set([200, 206]);

export function createRangeOpener(client: HttpClient, options: RangeOpenerOptions): RangeOpener {
  const direct = createDirectUrls(client.timers);

  /** Asks where an earlier request ended up; `undefined` once that is of no use any more. */
  async function sendDirect(
    url: string,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse | undefined> {
    const known = direct.get(url);
    if (known === undefined) return undefined;
    let response: HttpResponse | undefined;
    try {
      response = await client.send(known.href, {
        headers: travellingHeaders(headers),
        bulk: true,
        from: new URL(url),
        signal,
      });
    } finally {
      // Whatever failed there, the next attempt asks at the start.
      if (response === undefined || !usefulStatuses.has(response.status)) direct.delete(url);
    }
    if (!staleStatuses.has(response.status)) return response;
    await response.body.drain();
    return undefined;
  }

  async function send(
    target: RangeTarget,
    headers: Record<string, string>,
    signal: AbortSignal | undefined,
  ): Promise<HttpResponse> {
    const known = await sendDirect(target.url, headers, signal);
    if (known !== undefined) return known;
    const response = await client.send(target.url, {
      headers: { ...target.headers, ...headers },
      bulk: true,
      signal,
    });
    if (usefulStatuses.has(response.status)) direct.set(target.url, response.url);
    return response;
  }

  return async (target, range, { signal } = {}) => {
    const whole = range.start === 0 && range.end >= (target.size ?? Infinity);
    const response = await send(target, rangeHeaders(target, range, whole), signal);
    try {
      return answer(response, target, range, whole);
    } catch (error) {
      await response.body.close();
      throw error;
    }
  };

  function answer(
    response: HttpResponse,
    target: RangeTarget,
    range: ByteRange,
    whole: boolean,
  ): OpenedRange {
    switch (response.status) {
      case 200:
        checkBodyHeaders(response, target);
        return readWhole(response, target);
      case 206:
        if (whole) {
          throw upstreamError("the server answers with a part where the whole was asked for", {
            url: response.url,
            status: 206,
            transient: true,
          });
        }
        checkBodyHeaders(response, target);
        return readPartial(response, target, range);
      case 416:
        return readUnsatisfied(response, target, whole ? undefined : range);
      default:
        throw options.describe(response, target);
    }
  }
}

function rangeHeaders(
  target: RangeTarget,
  range: ByteRange,
  whole: boolean,
): Record<string, string> {
  if (whole) return {};
  const last = range.end === Infinity ? "" : String(range.end - 1);
  return {
    range: `bytes=${range.start}-${last}`,
    ...(target.validator === undefined ? {} : { "if-range": target.validator }),
  };
}
