/** A bug, as a change of one place in a source file. */
export interface Mutant {
  readonly bug: string;
  /** Below `src/`. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
}

/** @throws Error if the place to change is not there, or not the only one */
export function mutate(source: string, { file, from, to }: Mutant): string {
  const parts = source.split(from);
  if (parts.length !== 2) throw new Error(`${file} has ${parts.length - 1} places to change`);
  return parts.join(to);
}
