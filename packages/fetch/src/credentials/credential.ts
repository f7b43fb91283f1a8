/** What proves to a registry who asks. Never part of a message, a record or another origin's request. */
export type Credential =
  | { readonly kind: "password"; readonly username: string; readonly password: string }
  /** OAuth2 refresh token, to be exchanged at the registry's token service. */
  | { readonly kind: "identity"; readonly token: string }
  /** A token to be sent as it is. */
  | { readonly kind: "bearer"; readonly token: string }
  /** A key that signs what is asked of the registry's token service. */
  | { readonly kind: "signature"; sign(url: string): SignedRequest };

/** A GET, signed: as it has to be sent. */
export interface SignedRequest {
  readonly url: string;
  /** The value of `Authorization`. */
  readonly authorization: string;
}

/**
 * Looks up the credential of a registry, `undefined` if there is none.
 *
 * @param registry host, with the port if it has one: `ghcr.io`, `127.0.0.1:5000`
 * @param repository the path below it, since some files have credentials per namespace
 */
export type CredentialLookup = (
  registry: string,
  repository: string,
) => Promise<Credential | undefined>;

/** The value of `Authorization` for HTTP's basic scheme. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}
