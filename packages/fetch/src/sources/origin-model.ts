import { flatNameFrom } from "../names/flat-name.ts";
import type { FileOrigin, ModelOrigin, ResolvedModel, SourceFile } from "../source.ts";

/** A model of the one file that an origin means. */
export function originModel(
  { location, revision = "" }: FileOrigin,
  file: SourceFile,
  source: Omit<ModelOrigin, "filename">,
): ResolvedModel {
  return {
    location,
    place: location,
    revision,
    files: [file],
    suggestedName: flatNameFrom(file.path),
    source: { ...source, filename: file.path },
  };
}
