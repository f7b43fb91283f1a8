import type { CredentialLookup } from "../../credentials/credential.ts";
import type { HttpOptions } from "../../http/http-options.ts";

export interface RegistryOptions extends HttpOptions {
  /** Credentials by registry; none by default, which is enough for public models. */
  readonly credentials?: CredentialLookup | undefined;
  /**
   * Further hosts that may issue tokens for a registry, by the registry's host: those of the
   * registry itself, Docker Hub and GitLab are known.
   */
  readonly tokenHosts?: Readonly<Record<string, readonly string[]>> | undefined;
}
