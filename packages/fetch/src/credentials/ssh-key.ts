import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";

/** An Ed25519 key of OpenSSH. */
export interface SshKey {
  /** The public half, Base64, as `authorized_keys` has it (RFC 8709, section 4). */
  readonly publicKey: string;
  /** The signature of bytes, Base64 (RFC 8032). */
  sign(bytes: Uint8Array): string;
}

const ARMOR =
  /^-----BEGIN OPENSSH PRIVATE KEY-----\s([\sA-Za-z0-9+/=]*)-----END OPENSSH PRIVATE KEY-----\s*$/;
const MAGIC = "openssh-key-v1\0";
const TYPE = "ssh-ed25519";
const SEED_BYTES = 32;

/** What comes before the seed of an Ed25519 key in PKCS #8 (RFC 8410, section 7). */
const PKCS8_HEAD = Buffer.from("302e020100300506032b657004220420", "hex");

/**
 * Reads an Ed25519 key without a passphrase, as `ssh-keygen -t ed25519` writes it (OpenSSH's
 * PROTOCOL.key).
 *
 * @returns `undefined` for anything else
 */
export function decodeSshKey(text: string): SshKey | undefined {
  const bytes = Buffer.from(ARMOR.exec(text)?.[1] ?? "", "base64");
  if (bytes.toString("latin1", 0, MAGIC.length) !== MAGIC) return undefined;
  const fields = createFieldReader(bytes.subarray(MAGIC.length));
  const cipher = fields.string();
  // How the passphrase is stretched.
  fields.string();
  fields.string();
  const count = fields.number();
  // The public half, which comes again.
  fields.string();
  if (cipher?.toString() !== "none" || count?.readUInt32BE() !== 1) return undefined;
  const secrets = createFieldReader(fields.string());
  // Two numbers that only a wrong passphrase makes differ.
  secrets.number();
  secrets.number();
  const [type, point, secret] = [secrets.string(), secrets.string(), secrets.string()];
  if (type?.toString() !== TYPE || point === undefined || secret === undefined) return undefined;
  const key = openKey(secret.subarray(0, SEED_BYTES));
  if (key === undefined || createPublicKey(key).export({ format: "jwk" }).x !== encode(point)) {
    return undefined;
  }
  return {
    publicKey: Buffer.concat([field(Buffer.from(TYPE)), field(point)]).toString("base64"),
    sign: (data) => sign(null, data, key).toString("base64"),
  };
}

const encode = (point: Buffer): string => point.toString("base64url");

function openKey(seed: Buffer): KeyObject | undefined {
  if (seed.length !== SEED_BYTES) return undefined;
  const key = Buffer.concat([PKCS8_HEAD, seed]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** Bytes after their number, as SSH writes a string (RFC 4251, section 5). */
function field(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

/** Reads fields one after the other: numbers of four bytes, and strings. What is cut off is missing. */
function createFieldReader(bytes: Buffer | undefined): {
  number(): Buffer | undefined;
  string(): Buffer | undefined;
} {
  let at = 0;
  function take(count: number): Buffer | undefined {
    const taken = bytes?.subarray(at, at + count);
    at += count;
    return taken?.length === count ? taken : undefined;
  }
  const number = (): Buffer | undefined => take(4);
  return {
    number,
    string() {
      const length = number();
      return length === undefined ? undefined : take(length.readUInt32BE());
    },
  };
}
