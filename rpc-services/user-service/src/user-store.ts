import { createHash, randomUUID } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { InsertUser, UserServiceHandler } from "./user-service.ts";

/** A file for each user, so that instances which share the directory share the users, and a new start finds them. */
export function createUserStore(directory: string): UserServiceHandler {
  mkdirSync(directory, { recursive: true });
  // An ID may be any text; a file's name may not.
  const fileOf = (id: string) => join(directory, createHash("sha256").update(id).digest("hex"));

  return {
    queryUser({ ID }) {
      const file = fileOf(ID);
      if (!existsSync(file)) return { Exist: false, ID: "", Name: "", Email: "", Age: 0 };
      return { Exist: true, ...(JSON.parse(readFileSync(file, "utf8")) as InsertUser) };
    },

    insertUser(user) {
      const draft = join(directory, `draft-${randomUUID()}`);
      writeFileSync(draft, JSON.stringify(user));
      try {
        // It appears whole or not at all, and of several instances one wins.
        linkSync(draft, fileOf(user.ID));
        return { Ok: true, Msg: "insert success" };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        return { Ok: false, Msg: "the id already exists" };
      } finally {
        unlinkSync(draft);
      }
    },
  };
}
