/** "ThSt" */
export const storeApplicationId = 0x54685374;

/**
 * Every text that came from outside is kept as a JSON string. That is one to one for whatever JavaScript can hold, while SQLite's
 * own text cuts at a NUL (one of the two drivers) and merges lone surrogates: two names would become one.
 */
export const storeMigrations: readonly string[] = [
  `
  CREATE TABLE owner (
    owner_id TEXT PRIMARY KEY,
    owner_name TEXT NOT NULL,
    key_digest TEXT NOT NULL,
    version INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE revision (
    name TEXT NOT NULL,
    revision INTEGER NOT NULL,
    owner_id TEXT NOT NULL REFERENCES owner,
    created_at INTEGER NOT NULL,
    author TEXT NOT NULL,
    definition TEXT NOT NULL,
    UNIQUE (name, revision)
  ) STRICT;

  CREATE TABLE head (
    name TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    owner_id TEXT NOT NULL REFERENCES owner,
    position INTEGER NOT NULL,
    FOREIGN KEY (name, revision) REFERENCES revision (name, revision)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX head_by_owner ON head (owner_id, position);

  CREATE TABLE setting (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
];
