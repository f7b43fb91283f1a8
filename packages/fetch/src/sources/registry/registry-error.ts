import type { StoreError } from "@store/layout";

import type { HttpResponse } from "../../http/http-client.ts";
import { authRefused, authRequired, modelNotFound } from "../../http/http-errors.ts";
import { statusError } from "../../http/status-error.ts";

export interface RegistryErrorContext {
  /** What was asked for, for the message: `ghcr.io/org/model:latest`. */
  readonly location: string;
  readonly missing: "model" | "file";
  /** Whether the registry's demand for credentials was answered with some. */
  readonly authenticated: boolean;
}

/** The error that a registry's status stands for. The body is left to the caller. */
export function registryError(
  response: HttpResponse,
  { location, missing, authenticated }: RegistryErrorContext,
): StoreError {
  switch (response.status) {
    case 401:
    case 403:
      // Registries answer so for what does not exist, too, lest anybody learn what is private.
      return authenticated
        ? authRefused(response.url, {
            gated: false,
            message: `no access to ${location}`,
            hint: "Check the name, and whether your account may read it.",
          })
        : authRequired(response.url, {
            gated: false,
            message: `no access to ${location} without credentials`,
            hint: "Check the name; for a private model log in, as with `docker login` or `ollama signin`.",
          });
    case 404:
    case 410:
      return modelNotFound(location, missing, {
        hint: missing === "model" ? "Check the name and the tag." : undefined,
      });
    default:
      return statusError(response, { authenticated });
  }
}
