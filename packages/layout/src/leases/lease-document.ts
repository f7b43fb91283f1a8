import { type Digest, isDigest } from "../digest/digest.ts";
import { type ProcessIdentity, readProcessIdentity } from "../processes/process-identity.ts";

/** What a lease's file says. */
export interface LeaseDocument {
  readonly id: string;
  readonly reason: string;
  readonly expiresAtMs: number;
  readonly owner: ProcessIdentity;
  readonly digests: readonly Digest[];
}

/** A hundred thousand digests: beyond any model, and what one read may cost. */
export const LEASE_BYTES_MAX: number = 16 * 1024 * 1024;

export function encodeLease(lease: LeaseDocument): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify({ lease: 1, ...lease }, null, 2)}\n`);
}

/** `undefined` for anything that is not a whole lease. */
export function decodeLease(bytes: Uint8Array): LeaseDocument | undefined {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
  if (typeof value !== "object" || value === null) return undefined;
  const { lease, id, reason, expiresAtMs, owner, digests } = value as Record<string, unknown>;
  const process = readProcessIdentity(owner);
  if (lease !== 1 || process === undefined) return undefined;
  if (typeof id !== "string" || typeof reason !== "string") return undefined;
  if (typeof expiresAtMs !== "number" || !Array.isArray(digests)) return undefined;
  if (!digests.every(isDigest)) return undefined;
  return { id, reason, expiresAtMs, owner: process, digests };
}
