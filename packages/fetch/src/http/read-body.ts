import type { HttpResponse } from "./http-client.ts";
import { upstreamError } from "./http-errors.ts";
import { isModestJson } from "./json-shape.ts";

/**
 * The whole of a small body.
 *
 * @throws StoreError `ERR_STORE_UPSTREAM_ERROR` for a body over the limit, which is then given up
 */
export async function readBody(
  response: HttpResponse,
  options: { readonly bytesMax: number },
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.length;
    if (size > options.bytesMax) {
      throw upstreamError(`the answer has more than ${options.bytesMax} bytes`, {
        url: response.url,
        status: response.status,
        transient: false,
      });
    }
    chunks.push(chunk);
  }
  const [only] = chunks;
  return chunks.length === 1 && only !== undefined ? only : concatenate(chunks, size);
}

function concatenate(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    whole.set(chunk, offset);
    offset += chunk.length;
  }
  return whole;
}

/**
 * The JSON document of an answer.
 *
 * @throws StoreError `ERR_STORE_UPSTREAM_ERROR` for anything else: an HTML page of a proxy, bytes
 * that are not UTF-8, a body over the limit, or one that would take far more memory than it is long
 */
export async function readJson(
  response: HttpResponse,
  options: { readonly bytesMax: number },
): Promise<unknown> {
  const bytes = await readBody(response, options);
  if (!isModestJson(bytes)) {
    throw upstreamError("the answer is a document of far too many parts", {
      url: response.url,
      status: response.status,
      transient: false,
    });
  }
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)) as unknown;
  } catch (error) {
    const type = response.headers.get("content-type") ?? "an unnamed type";
    const encoding = response.headers.get("content-encoding");
    const shown = encoding === null ? type : `${type}, encoded (${encoding})`;
    throw upstreamError(`the answer is not JSON but ${shown.slice(0, 100)}`, {
      url: response.url,
      status: response.status,
      transient: false,
      cause: error,
      hint: "A proxy or login page may be in the way.",
    });
  }
}
