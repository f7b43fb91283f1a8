import type { ResolvedModel, SourceFile } from "../source.ts";

/**
 * The file of a mirror that may be the one looked for: that of the same digest, else of the same
 * path, else the only one it has. What it says of its bytes must not contradict; whether they are
 * right shows in the end. What its own scan says of it stays, for the policy.
 *
 * @param isOnly whether nothing else is pulled, so that a mirror's only file can but mean this one
 */
export function findInMirror(
  mirror: ResolvedModel,
  wanted: SourceFile,
  isOnly: boolean,
): SourceFile | undefined {
  const fitting = mirror.files.filter((file) => fits(file, wanted));
  const [only] = mirror.files.length === 1 ? fitting : [];
  const isMeant = isOnly || (only?.size !== undefined && only.size === wanted.size);
  const found =
    fitting.find(({ digest }) => digest !== undefined) ??
    fitting.find(({ path }) => path === wanted.path) ??
    (isMeant ? only : undefined);
  if (found === undefined) return undefined;
  const { path, url, scan } = found;
  const { digest, gitSha1, size = found.size } = wanted;
  return { path, url, digest, gitSha1, size, scan };
}

function fits(file: SourceFile, wanted: SourceFile): boolean {
  return (
    agrees(file.digest, wanted.digest) &&
    agrees(file.gitSha1, wanted.gitSha1) &&
    agrees(file.size, wanted.size)
  );
}

const agrees = <T>(a: T | undefined, b: T | undefined): boolean =>
  a === undefined || b === undefined || a === b;
