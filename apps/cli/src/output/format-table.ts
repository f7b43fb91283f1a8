/** Spaces between two columns. */
const GAP = 3;

/**
 * Rows in columns, one line each, with a final newline. Cells must be escaped already.
 *
 * @param options.right indexes of columns that are aligned to the right: numbers, sizes
 */
export function formatTable(
  rows: readonly (readonly string[])[],
  options: { readonly right?: readonly number[] } = {},
): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [index, cell] of row.entries()) {
      widths[index] = Math.max(widths[index] ?? 0, widthOf(cell));
    }
  }
  const lines = rows.map((row) =>
    row
      .map((cell, index) => {
        const padding = " ".repeat((widths[index] ?? 0) - widthOf(cell));
        return options.right?.includes(index) === true ? padding + cell : cell + padding;
      })
      .join(" ".repeat(GAP))
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join("");
}

/** Code points: right for all scripts whose characters are one cell wide. */
function widthOf(text: string): number {
  return Array.from(text).length;
}
