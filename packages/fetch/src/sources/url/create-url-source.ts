import type { AbortOptions, StoreError } from "@store/layout";

import { formatOf } from "../../files/model-format.ts";
import { createHttpClient, type HttpResponse } from "../../http/http-client.ts";
import type { HttpOptions } from "../../http/http-options.ts";
import { modelNotFound } from "../../http/http-errors.ts";
import { createRangeOpener } from "../../http/range-opener.ts";
import type { RangeTarget } from "../../http/range-target.ts";
import { redactUrl } from "../../http/redact-url.ts";
import { parseRequestUrl } from "../../http/request-url.ts";
import { statusError } from "../../http/status-error.ts";
import { flatNameFrom } from "../../names/flat-name.ts";
import type { ModelOrigin, ResolvedModel, Source, SourceFile } from "../../source.ts";
import { originModel } from "../origin-model.ts";
import { fileNameOf } from "./file-name-of.ts";
import { readProbe } from "./probe.ts";

export interface UrlSourceOptions extends HttpOptions {
  /** Further headers, for the URL's own origin alone: an API key. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Single files behind plain `https:` and `http:` URLs. */
export function createUrlSource(options: UrlSourceOptions = {}): Source {
  const client = createHttpClient(options);
  const { headers = {} } = options;

  function describe(response: HttpResponse, { url }: { readonly url: string }): StoreError {
    const { status } = response;
    if (status === 404 || status === 410) return modelNotFound(redactUrl(url), "file");
    const hasUserinfo = parseRequestUrl(url).headers["authorization"] !== undefined;
    return statusError(response, {
      authenticated: hasUserinfo || Object.keys(headers).length > 0,
    });
  }

  const openRange = createRangeOpener(client, { describe });

  /** Asks for the first byte: unlike HEAD that works with signed URLs, and shows what ranges do. */
  function probe(url: string, { signal }: AbortOptions): Promise<Partial<SourceFile>> {
    return client.retrying(
      async () => {
        const response = await client.send(url, {
          headers: { ...headers, range: "bytes=0-0" },
          signal,
        });
        const found = readProbe(response);
        // One byte is read to keep the connection; a server that sends everything is cut off.
        if (found !== undefined && response.status === 200) await response.body.close();
        else await response.body.drain();
        if (found === undefined) throw describe(response, { url });
        return found;
      },
      { signal },
    );
  }

  return {
    scheme: "https",
    accepts: (location) => /^https?:\/\//i.test(location),
    async resolve(location, resolveOptions = {}): Promise<ResolvedModel | undefined> {
      if (!/^https?:\/\//i.test(location)) return undefined;
      const { url, headers: credentials } = parseRequestUrl(location);
      const found = await probe(location, resolveOptions);
      const path = fileNameOf(url);
      const revision =
        found.validator?.startsWith('"') === true ? found.validator.slice(1, -1) : "";
      return {
        location: redactUrl(url),
        // What a query or credentials open is not to be written down.
        place:
          url.search === "" && credentials["authorization"] === undefined ? url.href : undefined,
        revision,
        files: [{ ...found, path, url: location }],
        suggestedName: flatNameFrom(path),
        format: formatOf([path]),
        source: sourceOf(url, revision, path),
      };
    },
    resolveOrigin(origin, known) {
      if (!/^https?:\/\//i.test(origin.location) || origin.path === undefined) return undefined;
      const { url } = parseRequestUrl(origin.location);
      const file = { ...known, path: origin.path, url: url.href };
      return originModel(origin, file, sourceOf(url, origin.revision ?? "", origin.path));
    },
    open: (_model, file, range, openOptions) =>
      openRange(targetOf(file, headers), range, openOptions),
  };
}

function sourceOf(url: URL, revision: string, filename: string): ModelOrigin {
  const repo = url.pathname.replace(/^\/+/, "").replace(/\/?[^/]*$/, "");
  return { registry: url.host, repo, revision, filename };
}

function targetOf(file: SourceFile, headers: Readonly<Record<string, string>>): RangeTarget {
  const { digest, size, validator, url = "" } = file;
  return {
    url,
    headers,
    size,
    // With a digest any source will do that has the bytes, whatever it calls them.
    validator: digest === undefined ? validator : undefined,
    mayBeHtml: /\.x?html?$/i.test(file.path),
    verifiable: digest !== undefined,
  };
}
