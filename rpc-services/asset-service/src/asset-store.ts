import { createHash, randomUUID } from "node:crypto";
import { existsSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { AssetManagementHandler, InsertAssetRequest } from "./asset-management.ts";

/** A file for each asset, so that instances which share the directory share the assets, and a new start finds them. */
export function createAssetStore(directory: string): AssetManagementHandler {
  mkdirSync(directory, { recursive: true });
  // An ID may be any text; a file's name may not.
  const fileOf = (id: string) => join(directory, createHash("sha256").update(id).digest("hex"));

  return {
    queryAsset({ ID }) {
      const file = fileOf(ID);
      if (!existsSync(file)) return { Exist: false, ID: "", Name: "", Market: "" };
      return { Exist: true, ...(JSON.parse(readFileSync(file, "utf8")) as InsertAssetRequest) };
    },

    insertAsset(asset) {
      const draft = join(directory, `draft-${randomUUID()}`);
      writeFileSync(draft, JSON.stringify(asset));
      try {
        // It appears whole or not at all, and of several instances one wins.
        linkSync(draft, fileOf(asset.ID));
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
