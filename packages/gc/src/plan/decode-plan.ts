import { isDigest, StoreError } from "@store/layout";

import { digestPlan } from "./encode-plan.ts";
import type { GcPlan, KeptCounts } from "./gc-plan.ts";

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isCount: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isReason: Check = (value) => value === "released" || value === "orphan";

function isListOf(check: Check): Check {
  return (value) => Array.isArray(value) && value.every(check);
}

function isRecordOf(fields: Readonly<Record<string, Check>>): Check {
  return (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.keys(value).length === Object.keys(fields).length &&
    Object.entries(fields).every(
      ([name, check]) =>
        Object.hasOwn(value, name) && check((value as Record<string, unknown>)[name]),
    );
}

const keptFields: Readonly<Record<keyof KeptCounts, Check>> = {
  referenced: isCount,
  leased: isCount,
  pinned: isCount,
  unreadable: isCount,
  packed: isCount,
  young: isCount,
  nameless: isCount,
};

const planFields: Readonly<Record<keyof GcPlan, Check>> = {
  version: (value) => value === 1,
  digest: isDigest,
  takenAtMs: Number.isFinite,
  candidates: isListOf(isRecordOf({ digest: isDigest, size: isCount, reason: isReason })),
  kept: isRecordOf(keptFields),
  dangling: isListOf(isRecordOf({ root: isText, digest: isDigest })),
  packs: isListOf(isRecordOf({ id: isText, drop: isListOf(isDigest) })),
  expired: isListOf(isRecordOf({ kind: isText, id: isText, bytes: isCount })),
  trashed: isListOf(isDigest),
  newOrphans: isListOf(isDigest),
  reclaimBytes: isCount,
};

const isPlan = isRecordOf(planFields);

/**
 * The plan that `encodePlan` wrote, to be carried out by another process. The digest shows damage,
 * not origin: whoever may write the file may plan.
 *
 * @throws StoreError `ERR_STORE_PLAN_INVALID`
 */
export function decodePlan(bytes: Uint8Array): GcPlan {
  const value = parseJson(bytes);
  if (!isPlan(value)) throw invalid("not a sweep plan of version 1");
  const plan = value as GcPlan;
  if (digestPlan(plan) !== plan.digest) throw invalid("the plan does not match its digest");
  return plan;
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw invalid("not JSON", error);
  }
}

function invalid(message: string, cause?: unknown): StoreError {
  return new StoreError(message, {
    kind: "corrupt",
    code: "ERR_STORE_PLAN_INVALID",
    hint: "Plan again.",
    cause,
  });
}
