import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/** A published package that carries `.thrift` files. */
export interface Package {
  readonly registry: "go" | "npm" | "maven";
  readonly name: string;
  readonly version: string;
  readonly files: number;
}

const cache = resolve(import.meta.dirname, "../../../.cache/idl-corpus");

export interface FetchedPackage {
  readonly root: string;
  /** Of its `.thrift` files, relative to the root and sorted. */
  readonly paths: readonly string[];
}

/** The `.thrift` files of a package, by its registry's own client, once; they stay in `.cache`. */
export function fetchPackage({ registry, name, version }: Package): FetchedPackage {
  const root = join(cache, registry, `${name.replaceAll(":", "/")}@${version}`);
  if (!existsSync(root)) {
    mkdirSync(dirname(root), { recursive: true });
    const draft = mkdtempSync(join(cache, "fetch-"));
    try {
      const unpacked = unpack[registry](name, version, draft);
      const kept = join(draft, "kept");
      for (const path of thriftFiles(unpacked)) cpSync(join(unpacked, path), join(kept, path));
      renameSync(kept, root);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  }
  return { root, paths: thriftFiles(root) };
}

const unpack: Record<Package["registry"], (name: string, version: string, draft: string) => string> = {
  go(name, version, draft) {
    return JSON.parse(run(draft, "go", "mod", "download", "-json", `${name}@${version}`)).Dir;
  },
  npm(name, version, draft) {
    run(draft, "npm", "pack", "--silent", `${name}@${version}`);
    run(draft, "tar", "-xzf", onlyFile(draft, ".tgz"));
    return join(draft, "package");
  },
  maven(name, version, draft) {
    const copy = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy";
    run(draft, "mvn", "-q", "-B", copy, `-Dartifact=${name}:${version}`, `-DoutputDirectory=${draft}`);
    const content = join(draft, "content");
    run(draft, "python3", "-m", "zipfile", "-e", onlyFile(draft, ".jar"), content);
    return content;
  },
};

function run(cwd: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function onlyFile(folder: string, ending: string): string {
  return readdirSync(folder).find((name) => name.endsWith(ending))!;
}

function thriftFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".thrift"))
    .sort();
}
