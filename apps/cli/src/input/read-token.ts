import { usageError } from "../errors/usage-error.ts";

/** Tokens have some forty characters; anything near this is another file by mistake. */
const TOKEN_CHARS_MAX = 4096;

/**
 * The first line of standard input. On the command line a token would be seen by everybody on the
 * machine, and kept by the shell.
 *
 * @throws StoreError `ERR_STORE_USAGE`
 */
export async function readToken(input: AsyncIterable<Uint8Array | string>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of input) {
    text += typeof chunk === "string" ? chunk : decoder.decode(chunk, { stream: true });
    if (text.includes("\n") || text.length > TOKEN_CHARS_MAX) break;
  }
  const token = (text.split("\n")[0] ?? "").trim();
  if (/^[\x21-\x7e]{1,4096}$/.test(token)) return token;
  throw usageError("no access token on standard input", "Write the token alone, on one line.");
}
