import type { ChunkReader, Transport } from "./transport.ts";

/** Requests over a `fetch` that the caller brings. Where it connects to is its own affair. */
export function createFetchTransport(send: typeof globalThis.fetch): Transport {
  return async ({ url, method, headers, body, signal }) => {
    const response = await send(url, {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
      redirect: "manual",
      signal,
    });
    const { status, headers: answered } = response;
    return { status, headers: answered, chunks: readerOf(response.body) };
  };
}

function readerOf(stream: ReadableStream<Uint8Array> | null): ChunkReader | undefined {
  if (stream === null) return undefined;
  const reader = stream.getReader();
  return {
    read: async () => (await reader.read()).value,
    cancel: () => reader.cancel(),
  };
}
