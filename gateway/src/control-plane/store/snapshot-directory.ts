import { createHash } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { OwnerHead, ServiceRevision } from "./store.ts";

/** What a gateway needs to serve calls without its store. */
export interface SavedState {
  readonly heads: readonly OwnerHead[];
  /** Those that the heads hold. */
  readonly revisions: readonly ServiceRevision[];
  readonly settings: ReadonlyMap<string, string>;
  /** When it was last known to be what the store holds. */
  readonly confirmedAt: Date;
}

interface Index {
  readonly heads: readonly OwnerHead[];
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly revisions: readonly SavedRevision[];
}

interface SavedRevision {
  readonly name: string;
  readonly revision: number;
  /** SHA-256 of the file's content, and so its name. */
  readonly digest: string;
}

/**
 * A state in a directory: one file a revision, named by its checksum, and an index that begins with its own. A change writes
 * what is new, then replaces the index.
 */
export interface SnapshotDirectory {
  /** `undefined`: there is none, or its index is damaged. A damaged revision is left out. */
  load(): Promise<SavedState | undefined>;
  /** `read` gets the revisions that are not there yet; of one that can't be read, the service's last one stays. */
  save(
    heads: readonly OwnerHead[],
    settings: ReadonlyMap<string, string>,
    read: (missing: readonly { name: string; revision: number }[]) => Promise<readonly ServiceRevision[]>,
  ): Promise<void>;
  /** It is still what the store holds. */
  confirm(at: Date): Promise<void>;
}

const INDEX = "index.json";

export function createSnapshotDirectory(path: string): SnapshotDirectory {
  const indexFile = join(path, INDEX);
  /** By service; of the index as it is on disk. */
  let saved: ReadonlyMap<string, SavedRevision> | undefined;

  async function readIndex(): Promise<Index | undefined> {
    const text = await readIfThere(indexFile);
    const end = text?.indexOf("\n") ?? -1;
    if (text === undefined || text.slice(0, end) !== digestOf(text.slice(end + 1))) return undefined;
    return JSON.parse(text.slice(end + 1)) as Index;
  }

  async function readRevision({ digest }: SavedRevision): Promise<ServiceRevision | undefined> {
    const text = await readIfThere(join(path, `${digest}.json`));
    if (text === undefined || digestOf(text) !== digest) return undefined;
    const revision = JSON.parse(text) as Omit<ServiceRevision, "createdAt"> & { readonly createdAt: string };
    return { ...revision, createdAt: new Date(revision.createdAt) };
  }

  async function savedRevisions(): Promise<ReadonlyMap<string, SavedRevision>> {
    const index = await readIndex();
    const files = new Set(index && (await readdir(path)));
    const there = (index?.revisions ?? []).filter(({ digest }) => files.has(`${digest}.json`));
    return new Map(there.map((revision) => [revision.name, revision]));
  }

  async function write(file: string, text: string): Promise<void> {
    const draft = `${file}.new`;
    const handle = await open(draft, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  }

  async function writeRevision(revision: ServiceRevision): Promise<SavedRevision> {
    const text = JSON.stringify(revision);
    const digest = digestOf(text);
    await write(join(path, `${digest}.json`), text);
    return { name: revision.name, revision: revision.revision, digest };
  }

  return {
    async load() {
      const index = await readIndex();
      if (!index) return undefined;
      const revisions: ServiceRevision[] = [];
      for (const entry of index.revisions) {
        const revision = await readRevision(entry);
        if (revision) revisions.push(revision);
      }
      const { mtime: confirmedAt } = await stat(indexFile);
      const heads = index.heads.map((head) => headOf(head, index.revisions));
      return { heads, revisions, settings: new Map(index.settings), confirmedAt };
    },

    async save(heads, settings, read) {
      await mkdir(path, { recursive: true, mode: 0o700 });
      const before = saved ?? (await savedRevisions());
      const wanted = heads.flatMap(({ services }) => services);
      const missing = wanted.filter(({ name, revision }) => before.get(name)?.revision !== revision);
      const news = new Map<string, SavedRevision>();
      for (const revision of missing.length > 0 ? await read(missing) : [])
        news.set(revision.name, await writeRevision(revision));

      const revisions = wanted.flatMap(({ name }) => news.get(name) ?? before.get(name) ?? []);
      const text = JSON.stringify({ heads, settings: [...settings], revisions } satisfies Index);
      await write(indexFile, `${digestOf(text)}\n${text}`);
      saved = new Map(revisions.map((revision) => [revision.name, revision]));
      const kept = new Set([INDEX, ...revisions.map(({ digest }) => `${digest}.json`)]);
      for (const file of await readdir(path)) if (!kept.has(file)) await rm(join(path, file), { force: true });
    },

    confirm: (at) => utimes(indexFile, at, at),
  };
}

/** With the saved revision of each service, also where it is not the last one. */
function headOf(head: OwnerHead, revisions: Index["revisions"]): OwnerHead {
  const byName = new Map(revisions.map(({ name, revision }) => [name, revision]));
  return { ...head, services: head.services.map(({ name, revision }) => ({ name, revision: byName.get(name) ?? revision })) };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
