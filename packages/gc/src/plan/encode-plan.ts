// The canonical JSON of a plan: fixed fields in a fixed order, no white space. Written piece by
// piece, because a plan over a million blobs is longer than one string should be.

import { createDigester, digestHex } from "@store/layout";

import type { GcPlan } from "./gc-plan.ts";

export type UnsealedPlan = Omit<GcPlan, "digest">;

/** Items of a list that are joined before they are handed on. */
const ITEMS_PER_PIECE = 512;

/** Gives a plan its digest, in the place of the fields where it belongs. */
export function sealPlan(plan: UnsealedPlan): GcPlan {
  const { version, ...rest } = plan;
  return { version, digest: digestPlan(plan), ...rest };
}

/** `sha256:<hex>` of the canonical JSON of everything but the digest. */
export function digestPlan(plan: UnsealedPlan): string {
  const digester = createDigester();
  const encoder = new TextEncoder();
  for (const piece of planPieces(plan, undefined)) digester.update(encoder.encode(piece));
  return `sha256:${digestHex(digester.digest())}`;
}

/** The canonical JSON of a plan in UTF-8, with a final newline. Equal plans give equal bytes. */
export function encodePlan(plan: GcPlan): Uint8Array {
  const encoder = new TextEncoder();
  const pieces = [...planPieces(plan, plan.digest)].map((piece) => encoder.encode(piece));
  pieces.push(encoder.encode("\n"));
  return Buffer.concat(pieces);
}

function* planPieces(plan: UnsealedPlan, digest: string | undefined): Generator<string> {
  yield `{"version":${plan.version},`;
  if (digest !== undefined) yield `"digest":${JSON.stringify(digest)},`;
  yield `"takenAtMs":${plan.takenAtMs},"candidates":`;
  yield* listPieces(plan.candidates, ({ digest: of, size, reason }) => ({
    digest: of,
    size,
    reason,
  }));
  const { referenced, leased, pinned, unreadable, packed, young, nameless } = plan.kept;
  const kept = { referenced, leased, pinned, unreadable, packed, young, nameless };
  yield `,"kept":${JSON.stringify(kept)},"dangling":`;
  yield* listPieces(plan.dangling, ({ root, digest: of }) => ({ root, digest: of }));
  yield ',"packs":';
  yield* listPieces(plan.packs, ({ id, drop }) => ({ id, drop }));
  yield ',"expired":';
  yield* listPieces(plan.expired, ({ kind, id, bytes }) => ({ kind, id, bytes }));
  yield ',"trashed":';
  yield* listPieces(plan.trashed, (of) => of);
  yield ',"newOrphans":';
  yield* listPieces(plan.newOrphans, (of) => of);
  yield `,"reclaimBytes":${plan.reclaimBytes}}`;
}

/** @param shape gives an item its fields in their order */
function* listPieces<T>(items: readonly T[], shape: (item: T) => unknown): Generator<string> {
  yield "[";
  for (let start = 0; start < items.length; start += ITEMS_PER_PIECE) {
    const piece = items.slice(start, start + ITEMS_PER_PIECE).map(shape);
    yield `${start === 0 ? "" : ","}${JSON.stringify(piece).slice(1, -1)}`;
  }
  yield "]";
}
