import { flatNameFrom } from "../../names/flat-name.ts";
import { referencePart } from "../../names/reference-part.ts";
import type { HubLocation } from "./hub-location.ts";

/**
 * A single file is called after itself; everything else is `hf.co/org/repo:` and the tag or
 * revision that was asked for. A repository or organisation the grammar of references does not
 * take stays as it is, and the pull asks for `--as`.
 */
export function suggestHubName(
  repo: string,
  { tag, revision, folder }: HubLocation,
  onlyPath: string | undefined,
): string {
  if (onlyPath !== undefined) return flatNameFrom(onlyPath);
  const path = repo.includes("/") ? repo : `library/${repo}`;
  const last = tag ?? (folder === undefined ? revision : `${revision}-${folder}`);
  return `hf.co/${path}:${referencePart(last)}`;
}
