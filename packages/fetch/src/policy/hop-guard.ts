import { type AddressBook, privateAddress, type Reach } from "./address-book.ts";

/**
 * Refuses a redirect into a private network, and says where the connection that follows it may lead.
 *
 * A server on the internet could otherwise make us ask a router, a cloud's metadata service or a
 * neighbour's machine. A location that names a private address itself has asked for that network,
 * and its redirects may stay there.
 *
 * @param first the URL of the location itself
 * @throws StoreError `ERR_STORE_POLICY_REFUSED`
 */
export async function guardHop(url: URL, first: URL, addresses: AddressBook): Promise<Reach> {
  if (await addresses.isPrivate(first.hostname)) return "any";
  if (await addresses.touchesPrivate(url.hostname)) throw privateAddress(url.host, first.host);
  return "public";
}
