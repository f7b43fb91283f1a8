import { it } from "vitest";

/** A behaviour that an implementation does not have, and why that is right for it. */
export interface SkippedTest {
  readonly test: string;
  readonly reason: string;
}

/** `it`, except that the named tests are skipped with their reason in the title. */
export function itUnless(
  skip: readonly SkippedTest[] = [],
): (title: string, body: () => Promise<void>) => void {
  return (title, body) => {
    const skipped = skip.find(({ test }) => test === title);
    if (skipped === undefined) it(title, body);
    else it.skip(`${title} (skipped: ${skipped.reason})`, body);
  };
}
