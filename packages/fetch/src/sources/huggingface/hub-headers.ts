import { StoreError } from "@store/layout";

/** Headers that prove to the hub who asks; none without a token. */
export type HubHeaders = () => Promise<Readonly<Record<string, string>>>;

/**
 * @param token checked at once; a function is called when the hub is first asked for anything, so
 * that a token nobody needs is not looked for
 * @throws StoreError `ERR_STORE_TOKEN_INVALID`
 */
export function createHubHeaders(
  token: string | (() => Promise<string | undefined>) | undefined,
): HubHeaders {
  if (typeof token !== "function") {
    const headers = headersFor(token);
    return async () => headers;
  }
  let found: Promise<Readonly<Record<string, string>>> | undefined;
  return () => (found ??= token().then(headersFor));
}

/** Token files often end in a newline; anything else odd is a mistake, which no message repeats. */
function headersFor(text = ""): Readonly<Record<string, string>> {
  const token = text.trim();
  if (token === "") return {};
  if (/^[\x21-\x7e]+$/.test(token)) return { authorization: `Bearer ${token}` };
  throw new StoreError("the token for the hub has characters that no token has", {
    kind: "invalid",
    code: "ERR_STORE_TOKEN_INVALID",
    hint: "Check HF_TOKEN, or the file the token comes from.",
  });
}
