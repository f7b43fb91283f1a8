import { createId } from "../fs/temporary-name.ts";
import type { Layout } from "../root/layout.ts";

/** `blobs/.incoming-<id>.<owner>/`, where private files lie. */
export interface StagingPlace {
  readonly directory: string;
  /** A number that no other file of this directory has. */
  readonly number: number;
  /** Removes the directory with its last file. Never throws: a leftover is swept by age. */
  leave(): Promise<void>;
}

interface Shared {
  readonly directory: string;
  readonly made: Promise<void>;
  count: number;
  users: number;
}

/**
 * One for all private files of a layout that are there at the same time. A directory for each would
 * be most of what a small blob costs.
 */
const places = new WeakMap<Layout, Shared>();

export async function enterStagingPlace(layout: Layout): Promise<StagingPlace> {
  const { fs } = layout;
  let place = places.get(layout);
  if (place === undefined) {
    const directory = layout.paths.incoming(createId(), createId());
    place = { directory, made: make(layout, directory), count: 0, users: 0 };
    places.set(layout, place);
  }
  const { directory, made } = place;
  const own = place;
  const number = (own.count += 1);
  own.users += 1;
  function forget(): void {
    if (places.get(layout) === own) places.delete(layout);
  }
  try {
    await made;
  } catch (error) {
    forget();
    throw error;
  }
  return {
    directory,
    number,
    async leave() {
      own.users -= 1;
      if (own.users > 0) return;
      // Whoever comes from now on makes another one.
      forget();
      await fs.rmdir(directory).catch(() => {});
    },
  };
}

async function make(layout: Layout, directory: string): Promise<void> {
  await layout.makeDirectory(layout.paths.blobs);
  await layout.fs.mkdir(directory);
}
