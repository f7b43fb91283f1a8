import { escapeLine } from "../log.ts";

/** Fields of every answer: what a browser must not do with it, whatever page asked for it. */
export const SAFETY_HEADERS: Readonly<Record<string, string>> = {
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
};

/**
 * The only kind of answer but blobs: one line of ASCII, since people read answers in terminals and
 * names come from anywhere. The length is stated, so that HEAD says what GET says.
 */
export function jsonResponse(
  value: unknown,
  options: { readonly status?: number; readonly headers?: Readonly<Record<string, string>> } = {},
): Response {
  const body = new TextEncoder().encode(`${escapeLine(JSON.stringify(value))}\n`);
  return new Response(body, {
    status: options.status ?? 200,
    headers: {
      ...SAFETY_HEADERS,
      "content-type": "application/json",
      "content-length": String(body.length),
      "cache-control": "no-store",
      ...options.headers,
    },
  });
}
