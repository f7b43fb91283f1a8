import manifest from "../package.json" with { type: "json" };

export const VERSION: string = manifest.version;
/** What a manifest written by this program says of its maker: `<tool>/<version>`. */
export const PRODUCER: string = `store/${VERSION}`;
