import type { TestedMutant } from "@store/testing/mutants";

/** What would give a secret away, or take what was not promised, if a change brought it back. */
export const mutants: readonly TestedMutant[] = [
  {
    bug: "headers travel to other origins",
    file: "http/redirect.ts",
    from: "headers: url.origin === from.origin ? headers",
    to: 'headers: url.origin !== "" ? headers',
    suite: "test/foreign-origins.test.ts",
    test: "takes no secret along",
  },
  {
    bug: "redirects lead into private networks",
    file: "http/http-client.ts",
    from: "if (hop.redirects > 0) await guardHop",
    to: "if (hop.redirects > 99) await guardHop",
    suite: "test/foreign-origins.test.ts",
    test: "is refused by every source",
  },
  {
    bug: "any token service is asked",
    file: "sources/registry/token-realm.ts",
    from: "allowed.includes(url.host)",
    to: 'url.host !== ""',
    suite: "test/registry-auth.test.ts",
    test: "of another host sees no request",
  },
  {
    bug: "whoever a redirect leads to may ask for credentials",
    file: "sources/registry/registry-auth.ts",
    from: "if (response.url.origin !== place.origin) return false;",
    to: "",
    suite: "test/foreign-origins.test.ts",
    test: "who then asks for credentials",
  },
  {
    bug: "a manifest's digest is not compared",
    file: "sources/registry/read-manifest.ts",
    from: "checkDigest(response, digest, reference);",
    to: "",
    suite: "test/registry-answers.test.ts",
    test: "with other bytes than its digest",
  },
  {
    bug: "a registry's manifest is written anew",
    file: "record/record-model.ts",
    from: "ready.model.manifest?.bytes ??",
    to: "undefined ??",
    suite: "test/pull-registry.test.ts",
    test: "keeps its manifest byte for byte",
  },
];
