import type { CredentialLookup } from "../../credentials/credential.ts";
import type { HttpOptions } from "../../http/http-options.ts";

/** @param registry host, with the port if it has one */
export type TokenHosts = (registry: string) => readonly string[];

export interface RegistryOptions extends HttpOptions {
  /** Credentials by registry; none by default, which is enough for public models. */
  readonly credentials?: CredentialLookup | undefined;
  /**
   * Further hosts that may issue tokens for a registry of the given host. The registry's own, and
   * those of Docker Hub and GitLab, are known.
   */
  readonly tokenHosts?: TokenHosts | undefined;
}
