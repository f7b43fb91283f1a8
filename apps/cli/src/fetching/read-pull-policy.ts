import { createPolicy, type PullPolicy } from "@store/fetch";

import { usageError } from "../errors/usage-error.ts";
import { parseBytes } from "../input/parse-bytes.ts";

export interface PolicyFlags {
  readonly allowHost?: readonly string[];
  readonly allowLicense?: readonly string[];
  readonly maxSize?: string;
  readonly allowPickle?: boolean;
  readonly allowUnsafe?: boolean;
}

/** @throws StoreError `ERR_STORE_USAGE` */
export function readPullPolicy(flags: PolicyFlags): PullPolicy {
  const bytesMax = flags.maxSize === undefined ? undefined : parseBytes(flags.maxSize);
  if (flags.maxSize !== undefined && bytesMax === undefined) {
    throw usageError(`not a size: ${flags.maxSize}`, "Write it as 20GB, 500MiB or 4096.");
  }
  return createPolicy({
    allowedHosts: flags.allowHost,
    allowedLicenses: flags.allowLicense,
    bytesMax,
    allowPickle: flags.allowPickle,
    allowUnsafe: flags.allowUnsafe,
  });
}
