import { X509Certificate } from "node:crypto";
import * as tls from "node:tls";

import { StoreError } from "@store/layout";

/** Whom connections trust, and which protocol they offer. */
export interface Trust {
  tlsOptions(): {
    readonly ALPNProtocols: string[];
    readonly secureContext?: tls.SecureContext;
  };
}

const certificate =
  /-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----[\s\S]+?-----END (?:X509 |TRUSTED )?CERTIFICATE-----/g;

/**
 * @param ca certificates in PEM of issuers to trust besides the usual ones
 * @throws StoreError `ERR_STORE_CERTIFICATES_INVALID`
 */
export function createTrust(ca: string | undefined): Trust {
  const ALPNProtocols = ["http/1.1"];
  if (ca === undefined) return { tlsOptions: () => ({ ALPNProtocols }) };
  const own = ca.match(certificate) ?? [];
  if (own.length === 0) throw certificatesInvalid("there is none in PEM form");
  let secureContext: tls.SecureContext | undefined;
  return {
    tlsOptions() {
      secureContext ??= createContext(own);
      return { ALPNProtocols, secureContext };
    },
  };
}

/** Reading all certificates takes a while, so it is done once, and only where TLS is used. */
function createContext(own: readonly string[]): tls.SecureContext {
  try {
    // Node skips what it cannot read; then a server would seem to have an unknown issuer.
    const sound = own.map((text) => new X509Certificate(text).toString());
    return tls.createSecureContext({ ca: [...usualCertificates(), ...sound] });
  } catch (error) {
    throw certificatesInvalid("one of them cannot be read", error);
  }
}

/** What Node trusts by itself. Node 20 does not say it whole: `NODE_EXTRA_CA_CERTS` is missing there. */
function usualCertificates(): readonly string[] {
  const getAll: typeof tls.getCACertificates | undefined = tls.getCACertificates;
  return getAll?.("default") ?? tls.rootCertificates;
}

function certificatesInvalid(what: string, cause?: unknown): StoreError {
  return new StoreError(`the extra certificates cannot be used: ${what}`, {
    kind: "invalid",
    code: "ERR_STORE_CERTIFICATES_INVALID",
    hint: "Give a file of certificates in PEM form, as `openssl x509` prints them.",
    cause,
  });
}
