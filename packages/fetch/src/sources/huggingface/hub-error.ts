import type { StoreError } from "@store/layout";

import type { HttpResponse } from "../../http/http-client.ts";
import { authRefused, authRequired, modelNotFound } from "../../http/http-errors.ts";
import { statusError } from "../../http/status-error.ts";

export interface HubErrorContext {
  /** What was asked for, for the message: `hf.co/org/repo@main`. */
  readonly location: string;
  readonly repo: string;
  readonly authenticated: boolean;
}

const MESSAGE_CHARS_MAX = 200;

/** The hub says what is wrong in `X-Error-Code`; the status alone is ambiguous there. */
export function hubError(response: HttpResponse, context: HubErrorContext): StoreError {
  const { location, authenticated } = context;
  switch (response.headers.get("x-error-code")) {
    case "RepoNotFound":
      // The hub also answers so for private repositories, whoever asks without rights.
      return modelNotFound(location, "model", {
        hint: authenticated
          ? "Check the name, and whether the token may read it."
          : "Check the name; a private model needs a token (HF_TOKEN).",
      });
    case "RevisionNotFound":
      return modelNotFound(location, "revision", { hint: "Check the branch, tag or commit." });
    case "EntryNotFound":
      return modelNotFound(location, "file", { hint: "Check the path of the file." });
    case "GatedRepo":
      return gated(response, context);
    default:
      return response.status === 401 || response.status === 403
        ? noAccess(response, context)
        : statusError(response, { authenticated });
  }
}

function gated(response: HttpResponse, { repo, authenticated }: HubErrorContext): StoreError {
  const page = `https://huggingface.co/${repo}`;
  return authenticated
    ? authRefused(response.url, {
        gated: true,
        message: `${repo} is gated, and the token's owner has no access yet`,
        hint: `Ask for access at ${page}.`,
      })
    : authRequired(response.url, {
        gated: true,
        message: `${repo} is gated`,
        hint: `Ask for access at ${page}, then give a token (HF_TOKEN).`,
      });
}

function noAccess(response: HttpResponse, context: HubErrorContext): StoreError {
  const said = (response.headers.get("x-error-message") ?? "")
    .replaceAll(/[^\x20-\x7e]/g, " ")
    .slice(0, MESSAGE_CHARS_MAX);
  const message = `no access to ${context.repo}${said === "" ? "" : `: ${said}`}`;
  if (context.authenticated) {
    const hint = "Check the token and its rights.";
    return authRefused(response.url, { gated: false, message, hint });
  }
  // Who is refused without having been asked for a token may be so with one, too.
  return response.status === 403
    ? authRefused(response.url, { gated: false, message, hint: "A token (HF_TOKEN) may help." })
    : authRequired(response.url, { gated: false, message, hint: "Give a token (HF_TOKEN)." });
}
