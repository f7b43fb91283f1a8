import { expect, it } from "vitest";

import { tourOf } from "../checks/tour.ts";

const build = "npx -y pnpm@12 build";

it("takes the first shell block of the tour, without building again", () => {
  const readme = `# X\n\n## A tour\n\n\`\`\`sh\n${build}\nstore list\n\`\`\`\n\n\`\`\`sh\nother\n\`\`\`\n\n## More\n`;
  expect(tourOf(readme)).toBe("true\nstore list\n");
});

it("finds no tour where there is none, or where it would not work as typed", () => {
  expect(tourOf("# X\n\n## More\n\n```sh\nx\n```\n")).toBeUndefined();
  expect(tourOf("# X\n\n## A tour\n\n```sh\nstore list\n```\n")).toBeUndefined();
});
