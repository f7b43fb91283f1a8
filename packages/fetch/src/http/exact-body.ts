import type { HttpBody } from "./http-body.ts";
import { upstreamError } from "./http-errors.ts";

/** A body whose length is checked, whichever way it is read. */
export type ExactBody = AsyncIterableIterator<Uint8Array> & Pick<HttpBody, "readInto">;

/**
 * A body of exactly so many bytes (`Infinity`: as many as come). The end of the stream decides
 * nothing: a cut body is an error where HTTP itself sees none, and so is one byte too many.
 */
export function exactBody(body: HttpBody, length: number, url: URL): ExactBody {
  let left = length;

  function fault(message: string, transient: boolean): Error {
    return upstreamError(message, { url, reason: "length", transient });
  }

  function checkEnd(): void {
    if (left === Infinity || left === 0) return;
    throw fault(`the connection ended ${left} bytes early`, true);
  }

  async function readInto(target: Uint8Array): Promise<number> {
    const wanted = target.subarray(0, Math.min(target.length, left));
    const count = (await body.readInto?.(wanted)) ?? 0;
    left -= count;
    if (count === 0) checkEnd();
    return count;
  }

  const exact: ExactBody = {
    ...(body.readInto === undefined ? {} : { readInto }),
    async next() {
      const result = await body.next();
      if (result.done === true) {
        checkEnd();
        return result;
      }
      if (result.value.length > left) {
        await body.close();
        // What it announced is here already: there is nothing to ask for again.
        throw fault(`the server sends more than the ${length} bytes it announced`, false);
      }
      left -= result.value.length;
      return result;
    },
    return: () => body.return(),
    [Symbol.asyncIterator]: () => exact,
  };
  return exact;
}
