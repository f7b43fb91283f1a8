import { expect, it } from "vitest";

import { parseChallenges } from "./challenge.ts";

function read(header: string | null): unknown {
  return parseChallenges(header).map(({ scheme, parameters }) => [
    scheme,
    Object.fromEntries(parameters),
  ]);
}

it("reads challenges as registries write them", () => {
  expect(
    read(
      'Bearer realm="https://auth.docker.io/token",service="r",scope="repository:a/b:pull,push"',
    ),
  ).toEqual([
    [
      "bearer",
      { realm: "https://auth.docker.io/token", service: "r", scope: "repository:a/b:pull,push" },
    ],
  ]);
  expect(read('BASIC realm="a \\"b\\""')).toEqual([["basic", { realm: 'a "b"' }]]);
  expect(read('Basic realm=x, Bearer realm = "y" , service=z')).toEqual([
    ["basic", { realm: "x" }],
    ["bearer", { realm: "y", service: "z" }],
  ]);
  expect(read("Negotiate, Basic realm=x")).toEqual([
    ["negotiate", {}],
    ["basic", { realm: "x" }],
  ]);
});

it("takes nothing from what is no challenge, and ends", () => {
  for (const header of [null, "", ",,,", '"', "=", "Bearer=", " \t", "é", "\0"]) {
    expect(read(header), String(header)).toEqual([]);
  }
  expect(read('Bearer realm="unended')).toEqual([["bearer", { realm: "" }]]);
  expect(parseChallenges(`Bearer ${'a="b",'.repeat(100_000)}`).length).toBeLessThan(3);
  expect(parseChallenges("Bearer ".repeat(100_000)).length).toBeLessThan(2000);
});
