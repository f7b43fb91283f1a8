import { expect, it } from "vitest";

import { formatTable } from "./format-table.ts";

it("aligns columns, numbers to the right, and leaves no blanks at the ends of lines", () => {
  const rows = [
    ["NAME", "SIZE", "FORMAT"],
    ["a", "1.00 GiB", "gguf"],
    ["longer-name", "2 B", ""],
  ];
  expect(formatTable(rows, { right: [1] })).toBe(
    [
      "NAME              SIZE   FORMAT",
      "a             1.00 GiB   gguf",
      "longer-name        2 B",
      "",
    ].join("\n"),
  );
});

it("counts characters, not halves of them", () => {
  expect(
    formatTable([
      ["🦙", "x"],
      ["ab", "y"],
    ]),
  ).toBe("🦙    x\nab   y\n");
});

it("prints nothing for no rows", () => {
  expect(formatTable([])).toBe("");
});
