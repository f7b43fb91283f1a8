import type { Name } from "../name/name.ts";

/** A file whose path carries a name. */
export interface WalkedName {
  readonly kind: "name";
  readonly name: Name;
  readonly path: string;
}

/** A file found where manifests live. */
export type WalkedFile =
  | WalkedName
  /** It lies where a manifest would, but its path carries no name: another tool's, or a person's. */
  | { readonly kind: "stray"; readonly path: string }
  /** A link where a directory would be: whatever lies behind it is not looked at. */
  | { readonly kind: "blocked"; readonly path: string };
