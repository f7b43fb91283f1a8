const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface ExpiryRule {
  /** Items at least this old go. */
  readonly ageMs: number;
  /** Of the rest, the oldest go until no more than this many bytes are left. */
  readonly bytesMax?: number | undefined;
}

/** What a caller may decide about a sweep. Everything has a default. */
export interface GcPolicy {
  /** How long sweeps must have seen a blob unreferenced before it goes; 24 hours by default. */
  readonly minAgeMs?: number | undefined;
  /** Lets orphans go although there is no name at all. */
  readonly allowEmpty?: boolean | undefined;
  /** By kind, over the defaults. A kind without a rule never expires, nor does an infinite age. */
  readonly expire?: Readonly<Record<string, ExpiryRule>> | undefined;
  /** Largest share (0 to 1) of needed objects at which a pack is still rewritten; one half by default. */
  readonly packLiveShareMax?: number | undefined;
}

/** Long enough for the slowest pull by a tool that takes no lease, and for a person to notice. */
export const ORPHAN_AGE_MS_MIN: number = DAY_MS;

/**
 * A week keeps an interrupted transfer over a holiday weekend; a month of quarantine is evidence
 * enough, and 64 GiB (one very large model) bounds what a failing disk can pile up. A dead lease, a
 * file its writer never finished, the empty directory of a blob and a pack without its index are only
 * litter, and a day keeps clear of any clock that disagrees about them. The bytes of a view are its
 * model's: once that has no name, there is nothing to wait for.
 */
export const DEFAULT_EXPIRY: Readonly<Record<string, ExpiryRule>> = {
  partial: { ageMs: 7 * DAY_MS },
  quarantine: { ageMs: 30 * DAY_MS, bytesMax: 64 * 1024 ** 3 },
  lease: { ageMs: DAY_MS },
  temporary: { ageMs: DAY_MS },
  mark: { ageMs: DAY_MS },
  remains: { ageMs: DAY_MS },
  pack: { ageMs: DAY_MS },
  view: { ageMs: 0 },
};

/** A rewrite copies what stays: at one half it frees at least what it writes. */
const PACK_LIVE_SHARE_MAX = 0.5;

/** A policy with every default filled in. */
export interface ResolvedPolicy {
  readonly minAgeMs: number;
  readonly allowEmpty: boolean;
  readonly expire: Readonly<Record<string, ExpiryRule>>;
  readonly packLiveShareMax: number;
}

/** @throws TypeError for a number that would make a policy delete what it was not asked to */
export function resolvePolicy(policy: GcPolicy): ResolvedPolicy {
  const minAgeMs = duration("minAgeMs", policy.minAgeMs ?? ORPHAN_AGE_MS_MIN);
  const packLiveShareMax = policy.packLiveShareMax ?? PACK_LIVE_SHARE_MAX;
  if (!(packLiveShareMax >= 0 && packLiveShareMax <= 1)) {
    throw new TypeError(`packLiveShareMax must be from 0 to 1, not ${packLiveShareMax}`);
  }
  const expire = { ...DEFAULT_EXPIRY, ...policy.expire };
  for (const [kind, rule] of Object.entries(expire)) {
    duration(`expire.${kind}.ageMs`, rule.ageMs);
    if (rule.bytesMax !== undefined) duration(`expire.${kind}.bytesMax`, rule.bytesMax);
  }
  return { minAgeMs, allowEmpty: policy.allowEmpty ?? false, expire, packLiveShareMax };
}

function duration(what: string, value: number): number {
  if (!(value >= 0)) throw new TypeError(`${what} must be 0 or more, not ${value}`);
  return value;
}
