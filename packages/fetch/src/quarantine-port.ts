import type { QuarantineReason } from "@store/layout";

/**
 * Keeps wrong bytes that were in memory only: layout's `quarantineBytes`.
 *
 * @returns the path they have
 */
export type QuarantinePort = (bytes: Uint8Array, why: QuarantineReason) => Promise<string>;
