import { lookup } from "node:dns/promises";

import type { Resolver } from "./address-book.ts";

/** Addresses as the system finds them. A name without any leads nowhere, or a proxy knows it. */
export const systemResolver: Resolver = async (hostname) => {
  try {
    const found = await lookup(hostname, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    // What follows is the request itself, which reports a name that does not exist better.
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["ENOTFOUND", "EAI_AGAIN", "ENODATA"].includes(code)) return [];
    throw error;
  }
};
