/** Whether the long suites run whole: `pnpm crash` sets it. By default they take a seeded sample. */
export const FULL: boolean = process.env["STORE_TEST_FULL"] !== undefined;

/** Says how much a long suite did, when it ran whole. */
export function report(text: string): void {
  if (FULL) process.stdout.write(`${text}\n`);
}
