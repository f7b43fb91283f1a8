import type { AnswerFields } from "./answer-fields.ts";

/**
 * How long an answer asks us to stay away, in milliseconds.
 *
 * `Retry-After` comes as seconds or as a date (RFC 9110 §10.2.3); a date is read against the
 * answer's own `Date`, so that neither clock needs to be right. The hub sends
 * `RateLimit: "name";r=<left>;t=<seconds>` as well. Anything else, or a time in the past, is
 * `undefined`: the usual backoff applies.
 */
export function retryAfterMs(headers: AnswerFields): number | undefined {
  const text = headers.get("retry-after")?.trim();
  if (text !== undefined && /^\d{1,9}$/.test(text)) return Number(text) * 1000;
  if (text !== undefined) {
    const until = Date.parse(text);
    const from = Date.parse(headers.get("date") ?? "");
    if (until > from) return until - from;
    return undefined;
  }
  const limit = headers.get("ratelimit");
  const left = limit === null ? undefined : /;\s*r=(\d{1,9})\b/.exec(limit)?.[1];
  const seconds = limit === null ? undefined : /;\s*t=(\d{1,9})\b/.exec(limit)?.[1];
  return left === "0" && seconds !== undefined ? Number(seconds) * 1000 : undefined;
}
