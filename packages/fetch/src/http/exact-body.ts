import type { HttpBody } from "./http-body.ts";
import { upstreamError } from "./http-errors.ts";

/**
 * A body of exactly so many bytes (`Infinity`: as many as come). The end of the stream decides
 * nothing: a cut body is an error where HTTP itself sees none, and so is one byte too many.
 */
export function exactBody(
  body: HttpBody,
  length: number,
  url: URL,
): AsyncIterableIterator<Uint8Array> {
  let left = length;

  function fault(message: string): Error {
    return upstreamError(message, { url, reason: "length", transient: true });
  }

  const exact: AsyncIterableIterator<Uint8Array> = {
    async next() {
      const result = await body.next();
      if (result.done === true) {
        if (left === Infinity || left === 0) return result;
        throw fault(`the connection ended ${left} bytes early`);
      }
      if (result.value.length > left) {
        await body.close();
        throw fault(`the server sends more than the ${length} bytes it announced`);
      }
      left -= result.value.length;
      return result;
    },
    return: () => body.return(),
    [Symbol.asyncIterator]: () => exact,
  };
  return exact;
}
