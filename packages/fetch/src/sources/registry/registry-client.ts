import type { AbortOptions, ByteRange, StoreError } from "@store/layout";

import { createHttpClient, type HttpClient, type HttpResponse } from "../../http/http-client.ts";
import { createRangeOpener } from "../../http/range-opener.ts";
import type { OpenedRange, SourceFile } from "../../source.ts";
import { createRegistryAuth, type RegistryPlace } from "./registry-auth.ts";
import { registryError } from "./registry-error.ts";
import { manifestUrl, parseRegistryUrl } from "./registry-location.ts";
import type { RegistryOptions } from "./registry-options.ts";

export interface ManifestRequest extends AbortOptions {
  /** Media types, in order of preference. */
  readonly accept: readonly string[];
}

/** The reading half of the OCI distribution protocol (v1.1), with the authentication around it. */
export interface RegistryClient {
  readonly http: HttpClient;
  /** Asks for a manifest, once; every status but a 401 that could be answered is an answer. */
  sendManifest(
    place: RegistryPlace,
    reference: string,
    request: ManifestRequest,
  ): Promise<HttpResponse>;
  /** Opens a range of a blob, once. */
  openBlob(file: SourceFile, range: ByteRange, options?: AbortOptions): Promise<OpenedRange>;
  /** Whether the registry has been given an account's credentials, or a token for them. */
  isPersonal(place: RegistryPlace): boolean;
}

export function createRegistryClient(options: RegistryOptions): RegistryClient {
  const http = createHttpClient(options);
  const auth = createRegistryAuth(http, options);
  /** Refusals that an answer to their challenge may turn. */
  const refusals = new WeakMap<StoreError, HttpResponse>();
  const openRange = createRangeOpener(http, {
    describe(response, { url }) {
      const place = parseRegistryUrl(url);
      const authenticated = place !== undefined && auth.isPersonal(place);
      const error = registryError(response, { location: url, missing: "file", authenticated });
      if (response.status === 401) refusals.set(error, response);
      return error;
    },
  });

  function openOnce(
    file: SourceFile,
    place: RegistryPlace,
    range: ByteRange,
    openOptions: AbortOptions,
  ): Promise<OpenedRange> {
    const target = {
      url: file.url ?? "",
      headers: auth.headers(place),
      size: file.size,
      // A layer may be any file, and its digest tells.
      mayBeHtml: true,
      verifiable: true,
    };
    return openRange(target, range, openOptions);
  }

  return {
    http,
    isPersonal: (place) => auth.isPersonal(place),
    async sendManifest(place, reference, { accept, signal }) {
      const send = (): Promise<HttpResponse> =>
        http.send(manifestUrl(place.origin, place.repository, reference), {
          headers: { ...auth.headers(place), accept: accept.join(", ") },
          signal,
        });
      const response = await send();
      if (response.status !== 401) return response;
      await response.body.drain();
      return (await auth.answer(place, response, { signal })) ? send() : response;
    },
    async openBlob(file, range, openOptions = {}) {
      const place = parseRegistryUrl(file.url ?? "");
      if (place === undefined) throw new TypeError(`${file.path} has no URL in a registry`);
      try {
        return await openOnce(file, place, range, openOptions);
      } catch (error) {
        const response = refusals.get(error as StoreError);
        if (response === undefined) throw error;
        if (!(await auth.answer(place, response, openOptions))) throw error;
        return openOnce(file, place, range, openOptions);
      }
    },
  };
}
