import { type FsPort, nodeFs, StoreError } from "@store/layout";

import { readUserFile } from "../credentials/read-user-file.ts";

/** The certificates of all the world have 250 KB. */
const FILE_BYTES_MAX = 8 * 1024 * 1024;

export interface CertificatesOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A file of certificates in PEM that must be there. */
  readonly file?: string | undefined;
  readonly fs?: FsPort | undefined;
}

/**
 * The certificates of issuers to trust besides the usual ones, for `HttpOptions.ca`: those of a file,
 * and of the files that `SSL_CERT_FILE` and `NODE_EXTRA_CA_CERTS` name, where they are there.
 * `undefined` where nothing names any.
 *
 * @throws StoreError `ERR_STORE_CERTIFICATES_INVALID` if `file` is not there
 */
export async function readCertificates(options: CertificatesOptions): Promise<string | undefined> {
  const { env, file, fs = nodeFs } = options;
  const decoder = new TextDecoder();
  const texts: string[] = [];
  // Node knows its own variable; given certificates of ours, it forgets it.
  for (const path of new Set([file, env["SSL_CERT_FILE"], env["NODE_EXTRA_CA_CERTS"]])) {
    if (path === undefined || path === "") continue;
    const bytes = await readUserFile(fs, path, FILE_BYTES_MAX);
    if (bytes !== undefined) texts.push(decoder.decode(bytes));
    else if (path === file) throw notThere(path);
  }
  return texts.length === 0 ? undefined : texts.join("\n");
}

function notThere(path: string): StoreError {
  return new StoreError(`there is no file of certificates at ${path}`, {
    kind: "invalid",
    code: "ERR_STORE_CERTIFICATES_INVALID",
    hint: "Name a file of certificates in PEM form.",
    detail: { path },
  });
}
