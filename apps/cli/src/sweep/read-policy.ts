import { DEFAULT_EXPIRY, type ExpiryRule, type GcPolicy } from "@store/gc";

import { usageError } from "../errors/usage-error.ts";
import { parseBytes } from "../input/parse-bytes.ts";
import { parseDuration } from "../output/format-duration.ts";

/** What a person may decide about a sweep, as it was typed. */
export interface PolicyFlags {
  readonly allowEmpty?: boolean;
  readonly minAge?: string;
  readonly partialAge?: string;
  readonly quarantineAge?: string;
  readonly quarantineMax?: string;
  readonly litterAge?: string;
  readonly packLive?: string;
}

/** Kinds that hold nothing anybody could want back. */
const LITTER = ["lease", "temporary", "mark", "remains", "pack"] as const;

/** @throws StoreError `ERR_STORE_USAGE`, or whatever a mistake on the command line is */
export function readPolicy(flags: PolicyFlags): GcPolicy {
  const partialMs = readDuration(flags.partialAge);
  const quarantineMs = readDuration(flags.quarantineAge);
  const quarantineBytes = readBytes(flags.quarantineMax);
  const litterMs = readDuration(flags.litterAge);
  const expire: Record<string, ExpiryRule> = { ...DEFAULT_EXPIRY };
  const change = (kind: string, rule: Partial<ExpiryRule>): void => {
    const { ageMs = Number.POSITIVE_INFINITY, bytesMax } = expire[kind] ?? {};
    expire[kind] = { ageMs, bytesMax, ...rule };
  };
  if (partialMs !== undefined) change("partial", { ageMs: partialMs });
  if (quarantineMs !== undefined) change("quarantine", { ageMs: quarantineMs });
  if (quarantineBytes !== undefined) change("quarantine", { bytesMax: quarantineBytes });
  if (litterMs !== undefined) for (const kind of LITTER) change(kind, { ageMs: litterMs });
  return {
    minAgeMs: readDuration(flags.minAge),
    allowEmpty: flags.allowEmpty,
    packLiveShareMax: readShare(flags.packLive),
    expire,
  };
}

function readDuration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const ms = parseDuration(text);
  if (ms !== undefined) return ms;
  throw usageError(`not a duration: ${text}`, "Write it as 90s, 30m, 24h, 7d or 0.");
}

function readBytes(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const bytes = parseBytes(text);
  if (bytes !== undefined) return bytes;
  throw usageError(`not a size: ${text}`, "Write it as 64GiB, 500MB or 0.");
}

function readShare(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const percent = /^\d{1,3}%$/.test(text) ? Number(text.slice(0, -1)) : Number.NaN;
  if (percent <= 100) return percent / 100;
  throw usageError(`not a share: ${text}`, "Write it as 50%.");
}
