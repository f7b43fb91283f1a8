import { createRateLimit, type RateLimit } from "@store/fetch";

import { usageError } from "../errors/usage-error.ts";
import { parseBytes } from "../input/parse-bytes.ts";

/** As many as help on any line; a server may well refuse more. */
const CONNECTIONS_MAX = 64;

/** @param text of `--connections` */
export function readConnections(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d{1,3}$/.test(text) ? Number(text) : 0;
  if (count >= 1 && count <= CONNECTIONS_MAX) return count;
  throw usageError(
    `not a number of connections: ${text}`,
    `Choose one from 1 to ${CONNECTIONS_MAX}.`,
  );
}

/** @param text of `--limit-rate` */
export function readRateLimit(text: string | undefined): RateLimit | undefined {
  if (text === undefined) return undefined;
  const bytes = parseBytes(text);
  if (bytes !== undefined && bytes > 0) return createRateLimit(bytes);
  throw usageError(`not a rate: ${text}`, "Write bytes per second, as 10MB or 500KiB.");
}
