import { isFilePath } from "@store/manifest";

/** The file name a URL ends in, decoded once; `download` where it has none that can be used. */
export function fileNameOf(url: URL): string {
  const last = url.pathname.slice(url.pathname.lastIndexOf("/") + 1);
  const name = decode(last);
  return isFilePath(name) && !name.includes("/") ? name : "download";
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // The only error of the call: a malformed escape, which then stands for itself.
    return text;
  }
}
