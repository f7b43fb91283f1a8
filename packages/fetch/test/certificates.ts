import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** A certificate in PEM, and the key that belongs to it. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateAuthority {
  /** What one has to trust. */
  readonly cert: string;
  /** A certificate for host names and addresses; by default it is good now. */
  issue(names: readonly string[], options?: { readonly untilMs?: number }): Certificate;
}

const DAY_MS = 24 * 3600_000;

// DER, as much of it as a certificate needs (X.690, RFC 5280).
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts);
  const size = body.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 255];
  return Buffer.concat([Buffer.from([tag, ...length]), body]);
}
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(0x30, ...parts);
const bits = (bytes: Uint8Array): Buffer => der(0x03, Buffer.from([0]), bytes);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, "hex"));
const time = (ms: number): Buffer =>
  der(0x18, Buffer.from(`${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:T]/g, "")}Z`));
const nameOf = (text: string): Buffer =>
  sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(text)))));

const ecdsaWithSha256 = sequence(oid("2a8648ce3d040302"));

interface Contents {
  readonly subject: string;
  readonly issuer: string;
  readonly publicKey: KeyObject;
  readonly untilMs: number;
  readonly extensions: readonly Buffer[];
}

let serial = 0;

function format(contents: Contents, signer: KeyObject): string {
  serial += 1;
  const signed = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([0x40, serial >> 8, serial & 255])),
    ecdsaWithSha256,
    nameOf(contents.issuer),
    sequence(time(contents.untilMs - 30 * DAY_MS), time(contents.untilMs)),
    nameOf(contents.subject),
    contents.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...contents.extensions)),
  );
  const whole = sequence(signed, ecdsaWithSha256, bits(sign("sha256", signed, signer)));
  const lines = whole.toString("base64").replaceAll(/.{1,64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}-----END CERTIFICATE-----\n`;
}

function alternativeName(name: string): Buffer {
  return /^[\d.]+$/.test(name)
    ? der(0x87, Buffer.from(name.split(".").map(Number)))
    : der(0x82, Buffer.from(name));
}

const createKeys = (): { readonly publicKey: KeyObject; readonly privateKey: KeyObject } =>
  generateKeyPairSync("ec", { namedCurve: "P-256" });

/** An issuer of certificates that nobody knows and that is gone with the test. */
export function createAuthority(subject = "Test Authority"): CertificateAuthority {
  const { publicKey, privateKey } = createKeys();
  const isAuthority = sequence(oid("551d13"), der(0x04, sequence(der(0x01, Buffer.from([0xff])))));
  const own = { subject, issuer: subject, publicKey, untilMs: Date.now() + DAY_MS };
  return {
    cert: format({ ...own, extensions: [isAuthority] }, privateKey),
    issue(names, { untilMs = Date.now() + DAY_MS } = {}) {
      const keys = createKeys();
      const alternatives = sequence(...names.map(alternativeName));
      const extensions = [sequence(oid("551d11"), der(0x04, alternatives))];
      const contents = {
        subject: names[0] ?? "",
        issuer: subject,
        publicKey: keys.publicKey,
        untilMs,
        extensions,
      };
      return {
        cert: format(contents, privateKey),
        key: keys.privateKey.export({ type: "pkcs8", format: "pem" }),
      };
    },
  };
}
