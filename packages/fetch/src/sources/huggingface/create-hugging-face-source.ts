import { StoreError } from "@store/layout";
import { isFilePath } from "@store/manifest";

import { formatOf } from "../../files/model-format.ts";
import { createHttpClient } from "../../http/http-client.ts";
import { createRangeOpener } from "../../http/range-opener.ts";
import { readJson } from "../../http/read-body.ts";
import { parseUrl, redactUrl } from "../../http/redact-url.ts";
import { isHttp } from "../../http/request-url.ts";
import type { ResolvedModel, Source, SourceFile } from "../../source.ts";
import { originModel } from "../origin-model.ts";
import type { HuggingFaceOptions } from "./hugging-face-options.ts";
import { hubError } from "./hub-error.ts";
import { createHubHeaders } from "./hub-headers.ts";
import { type HubLocation, isHubLocation, parseHubLocation } from "./hub-location.ts";
import { decodeModelInfo, type HubFile, type HubModel } from "./model-info.ts";
import { selectFiles } from "./select-files.ts";
import { suggestHubName } from "./suggest-hub-name.ts";

const DEFAULT_ENDPOINT = "https://huggingface.co";

/** The listing of a repository of 100,000 files, at some 300 bytes each. */
const JSON_BYTES_MAX = 32 * 1024 * 1024;

/** Models of the Hugging Face hub, or of a mirror or server that speaks its protocol. */
export function createHuggingFaceSource(options: HuggingFaceOptions = {}): Source {
  const endpoint = parseEndpoint(options.endpoint ?? DEFAULT_ENDPOINT);
  const base = endpoint.href.replace(/\/$/, "");
  const client = createHttpClient(options);
  const headersOf = createHubHeaders(options.token);
  const openRange = createRangeOpener(client, {
    describe: (response, { url, headers }) => {
      const [repo = ""] = url.slice(base.length + 1).split("/resolve/");
      const authenticated = headers?.["authorization"] !== undefined;
      return hubError(response, { location: redactUrl(url), repo, authenticated });
    },
  });

  async function readInfo(
    location: HubLocation,
    signal: AbortSignal | undefined,
  ): Promise<HubModel> {
    const { repo, revision } = location;
    const at = `${base}/api/models/${repo}/revision/${encodeURIComponent(revision)}`;
    const url = `${at}?blobs=true&securityStatus=true`;
    const headers = await headersOf();
    const authenticated = headers["authorization"] !== undefined;
    return client.retrying(
      async () => {
        const response = await client.send(url, { headers, signal });
        if (response.status === 200) {
          return decodeModelInfo(
            await readJson(response, { bytesMax: JSON_BYTES_MAX }),
            response.url,
          );
        }
        await response.body.drain();
        throw hubError(response, { location: `hf.co/${repo}@${revision}`, repo, authenticated });
      },
      { signal },
    );
  }

  function urlOf({ repo, commit }: Pick<HubModel, "repo" | "commit">, path: string): string {
    const encoded = path.split("/").map(encodeURIComponent).join("/");
    return `${base}/${repo}/resolve/${commit}/${encoded}`;
  }

  function toSourceFile(
    model: HubModel,
    { path, size, digest, gitSha1, scan }: HubFile,
  ): SourceFile {
    const file: SourceFile = { path, size, digest, gitSha1, scan };
    // A path like `..` would lead elsewhere in the hub. Such a file can be listed, never fetched.
    return isFilePath(path) ? { ...file, url: urlOf(model, path) } : file;
  }

  return {
    scheme: "hf",
    accepts: (location) => isHubLocation(location, endpoint),
    async resolve(text, { signal } = {}): Promise<ResolvedModel | undefined> {
      const location = parseHubLocation(text, endpoint);
      if (location === undefined) return undefined;
      const info = await readInfo(location, signal);
      const model = { ...info, repo: isRepo(info.repo) ? info.repo : location.repo };
      const { files, choices } = selectFiles(model.files, location);
      const [only] = files.length === 1 ? files : [];
      return {
        location: redactUrl(text),
        place: placeOf(model.repo),
        revision: model.commit,
        files: files.map((file) => toSourceFile(model, file)),
        choices,
        suggestedName: suggestHubName(model.repo, location, only?.path),
        license: model.license,
        format: formatOf(files.map(({ path }) => path)),
        source: {
          registry: endpoint.host,
          repo: model.repo,
          revision: model.commit,
          filename: only?.path ?? "",
        },
      };
    },
    resolveOrigin(origin, known) {
      const location = parseHubLocation(origin.location, endpoint);
      const { revision: commit = "", path = "" } = origin;
      if (location === undefined || origin.location !== placeOf(location.repo)) return undefined;
      if (!isCommit(commit) || !isFilePath(path)) return undefined;
      const file = { ...known, path, url: urlOf({ repo: location.repo, commit }, path) };
      const { repo } = location;
      return originModel(origin, file, { registry: endpoint.host, repo, revision: commit });
    },
    open: async (_model, file, range, openOptions) =>
      openRange(
        {
          url: file.url ?? "",
          headers: await headersOf(),
          size: file.size,
          mayBeHtml: /\.x?html?$/i.test(file.path),
          verifiable: true,
        },
        range,
        openOptions,
      ),
  };
}

const placeOf = (repo: string): string => `hf.co/${repo}`;

const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text);

/** The hub answers with the name a repository has now, which differs after a rename. */
function isRepo(id: string): boolean {
  return /^[\w-][\w.-]*\/[\w-][\w.-]*$/.test(id) && !id.includes("..");
}

function parseEndpoint(text: string): URL {
  const url = parseUrl(text);
  if (url === undefined || !isHttp(url) || url.username !== "" || url.search !== "") {
    throw new StoreError(`not the base URL of a hub: ${redactUrl(text)}`, {
      kind: "invalid",
      code: "ERR_STORE_ENDPOINT_INVALID",
      hint: "Write it as https://host or https://host/path.",
      detail: { endpoint: redactUrl(text) },
    });
  }
  return url;
}
