import type { Database } from "./sqlite-database.ts";
import type { OwnerHead, ServiceDefinition, ServiceRevision } from "./store.ts";

interface OwnerRow {
  readonly owner_id: string;
  readonly owner_name: string;
  readonly key_digest: string;
  readonly version: number;
}

interface HeadRow {
  readonly owner_id: string;
  readonly name: string;
  readonly revision: number;
  readonly position: number;
}

interface RevisionRow {
  readonly owner_id: string;
  readonly name: string;
  readonly revision: number;
  readonly created_at: number;
  readonly author: string;
  readonly definition: string;
}

/** The place of a service in its owner's list. Places grow along the list; gaps are allowed, so that a removal moves nothing. */
export interface ServicePlace {
  readonly revision: number;
  readonly position: number;
}

export type EmbeddedTables = ReturnType<typeof createEmbeddedTables>;

const toText = (value: string): string => JSON.stringify(value);
const fromText = (text: string): string => JSON.parse(text) as string;

/** The statements of the store, and the way between rows and what the store speaks of. */
export function createEmbeddedTables(database: Database) {
  const insertOwner = database.prepare("INSERT INTO owner (owner_id, owner_name, key_digest, version) VALUES (?, ?, ?, ?)");
  const setVersion = database.prepare("UPDATE owner SET version = ? WHERE owner_id = ?");
  const ownerById = database.prepare<OwnerRow>("SELECT * FROM owner WHERE owner_id = ?");
  const allOwners = database.prepare<OwnerRow>("SELECT * FROM owner");
  const headsOfOwner = database.prepare<HeadRow>("SELECT * FROM head WHERE owner_id = ? ORDER BY position");
  const allHeads = database.prepare<HeadRow>("SELECT * FROM head ORDER BY owner_id, position");
  const headByName = database.prepare<HeadRow>("SELECT * FROM head WHERE name = ?");
  const upsertHead = database.prepare(`
    INSERT INTO head (name, revision, owner_id, position) VALUES (?, ?, ?, ?)
    ON CONFLICT (name) DO UPDATE SET revision = excluded.revision, position = excluded.position
  `);
  const deleteHead = database.prepare("DELETE FROM head WHERE name = ?");
  const insertRevision = database.prepare<{ revision: number }>(`
    INSERT INTO revision (name, revision, owner_id, created_at, author, definition)
    SELECT ?1, 1 + coalesce(max(revision), 0), ?2, ?3, ?4, ?5 FROM revision WHERE name = ?1
    RETURNING revision
  `);
  const revisionOf = database.prepare<RevisionRow>("SELECT * FROM revision WHERE name = ? AND revision = ?");
  const historyOf = database.prepare<RevisionRow>("SELECT * FROM revision WHERE name = ? ORDER BY revision");
  const allCurrent = database.prepare<RevisionRow>(`
    SELECT revision.* FROM head JOIN revision USING (name, revision) ORDER BY head.owner_id, head.position
  `);
  const settingByName = database.prepare<{ value: string }>("SELECT value FROM setting WHERE name = ?");
  const insertSetting = database.prepare("INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING");

  return {
    owner(ownerId: string): OwnerHead | undefined {
      const row = ownerById.get(toText(ownerId));
      return row && ownerHead(row, headsOfOwner.all(row.owner_id));
    },
    owners(): OwnerHead[] {
      const services = new Map<string, HeadRow[]>();
      for (const row of allHeads.all()) {
        const ofOwner = services.get(row.owner_id);
        if (ofOwner) ofOwner.push(row);
        else services.set(row.owner_id, [row]);
      }
      return allOwners.all().map((row) => ownerHead(row, services.get(row.owner_id) ?? []));
    },
    insertOwner(owner: Omit<OwnerHead, "services">): void {
      insertOwner.run(toText(owner.ownerId), toText(owner.ownerName), toText(owner.keyDigest), owner.version);
    },
    setVersion(ownerId: string, version: number): void {
      setVersion.run(version, toText(ownerId));
    },
    isHeld: (name: string): boolean => headByName.get(toText(name)) !== undefined,
    places: (ownerId: string): Map<string, ServicePlace> =>
      new Map(headsOfOwner.all(toText(ownerId)).map(({ name, revision, position }) => [fromText(name), { revision, position }])),
    putPlace(ownerId: string, name: string, place: ServicePlace): void {
      upsertHead.run(toText(name), place.revision, toText(ownerId), place.position);
    },
    removePlace(name: string): void {
      deleteHead.run(toText(name));
    },
    /** Returns its number: the last one of this name, whoever had it, plus one. */
    insertRevision({ name, ownerId, createdAt, author, definition }: Omit<ServiceRevision, "revision">): number {
      const row = insertRevision.get(
        toText(name),
        toText(ownerId),
        createdAt.getTime(),
        toText(author),
        JSON.stringify(definition),
      );
      return row!.revision;
    },
    revision(name: string, revision: number): ServiceRevision | undefined {
      const row = revisionOf.get(toText(name), revision);
      return row && serviceRevision(row);
    },
    history: (name: string): ServiceRevision[] => historyOf.all(toText(name)).map(serviceRevision),
    currentRevisions: (): ServiceRevision[] => allCurrent.all().map(serviceRevision),
    setting(name: string): string | undefined {
      const row = settingByName.get(toText(name));
      return row && fromText(row.value);
    },
    initSetting(name: string, value: string): void {
      insertSetting.run(toText(name), toText(value));
    },
  };
}

function ownerHead(owner: OwnerRow, services: readonly HeadRow[]): OwnerHead {
  return {
    ownerId: fromText(owner.owner_id),
    ownerName: fromText(owner.owner_name),
    keyDigest: fromText(owner.key_digest),
    version: owner.version,
    services: services.map(({ name, revision }) => ({ name: fromText(name), revision })),
  };
}

function serviceRevision(row: RevisionRow): ServiceRevision {
  return {
    ownerId: fromText(row.owner_id),
    name: fromText(row.name),
    revision: row.revision,
    createdAt: new Date(row.created_at),
    author: fromText(row.author),
    definition: JSON.parse(row.definition) as ServiceDefinition,
  };
}
