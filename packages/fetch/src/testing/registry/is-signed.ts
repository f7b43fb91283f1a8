import { createHash, createPublicKey, verify } from "node:crypto";

/** How far a client's clock may be off. */
const CLOCK_SECONDS = 300;

/**
 * Whether a GET of a URL is signed by the holder of a key, as Ollama's registry wants it:
 * `Authorization: <public key>:<signature>` over `GET,<url>,<Base64 of the hex SHA-256 of no body>`,
 * the time and a number used once being parts of the URL.
 */
export function isSigned(
  url: string,
  authorization: string | undefined,
  { publicKey }: { readonly publicKey: string },
): boolean {
  const [key = "", signature = ""] = (authorization ?? "").split(":");
  const { searchParams } = new URL(url);
  const ageSeconds = Date.now() / 1000 - Number(searchParams.get("ts"));
  if (key !== publicKey || Math.abs(ageSeconds) > CLOCK_SECONDS) return false;
  if (!/^[\w-]{22}$/.test(searchParams.get("nonce") ?? "")) return false;
  // RFC 8709: a length, `ssh-ed25519`, a length, and the 32 bytes of the key.
  const x = Buffer.from(key, "base64").subarray(-32).toString("base64url");
  const opened = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
  const emptyHash = createHash("sha256").digest("hex");
  const text = `GET,${url},${Buffer.from(emptyHash).toString("base64")}`;
  return verify(null, Buffer.from(text), opened, Buffer.from(signature, "base64"));
}
