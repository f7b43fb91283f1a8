import { StoreError } from "@store/layout";

/**
 * The parameters of a request, each at most once. One that a route does not know is refused: a word
 * that was mistyped must not do what was not asked for.
 *
 * @throws StoreError `ERR_STORE_QUERY_INVALID`
 */
export function readQuery<K extends string>(
  request: Request,
  known: readonly K[],
): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const [key, value] of new URL(request.url).searchParams) {
    const name = known.find((one) => one === key);
    if (name === undefined)
      throw queryInvalid("there is a parameter that this route does not know");
    if (found[name] !== undefined) throw queryInvalid(`${name} is given twice`);
    found[name] = value;
  }
  return found;
}

export function queryInvalid(message: string): StoreError {
  return new StoreError(message, { kind: "invalid", code: "ERR_STORE_QUERY_INVALID" });
}
