import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

export interface ConsulProgram {
  readonly path: string;
  /** `1.8.7` */
  readonly version: string;
}

const cache = resolve(import.meta.dirname, "../../.cache/consul");
/** The last Debian that packaged Consul, 1.8.7. */
const SUITE = "bullseye";
const packaged = join(cache, SUITE, "consul");
const current = join(cache, "current", "consul");

let programs: readonly ConsulProgram[] | undefined;

/**
 * `$CONSUL`, else the one on the PATH, else Debian's, fetched once into `.cache`; and a current one, where it is in the cache or
 * `FULL=1` asks to build it (tests/support/build-consul.sh, some minutes).
 */
export function findConsuls(): readonly ConsulProgram[] {
  programs ??= [findOne(), findCurrent()].filter((program) => program !== undefined);
  return programs;
}

function findOne(): ConsulProgram | undefined {
  const present = programAt(process.env.CONSUL) ?? programAt("consul") ?? programAt(packaged);
  if (present || existsSync(packaged)) return present;
  fetchPackaged();
  return programAt(packaged);
}

function findCurrent(): ConsulProgram | undefined {
  if (!existsSync(current) && process.env.FULL === "1") {
    spawnSync(join(import.meta.dirname, "build-consul.sh"), [join(current, "..")], { stdio: ["ignore", 2, 2] });
  }
  return programAt(current);
}

function programAt(path: string | undefined): ConsulProgram | undefined {
  if (path === undefined) return undefined;
  const version = /^Consul v(\S+)/.exec(spawnSync(path, ["version"], { encoding: "utf8" }).stdout ?? "")?.[1];
  return version === undefined ? undefined : { path, version };
}

/** With lists of its own, so that the machine's packages are left alone, from the mirror that the machine uses. */
function fetchPackaged(): void {
  const mirror = run("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages")
    .split("\n")
    .find((uri) => /\/debian\/?$/.test(uri));
  if (mirror === undefined) return;
  mkdirSync(join(packaged, ".."), { recursive: true });
  const draft = mkdtempSync(join(cache, "fetch-"));
  mkdirSync(join(draft, "lists/partial"), { recursive: true });
  mkdirSync(join(draft, "cache/archives/partial"), { recursive: true });
  writeFileSync(join(draft, "sources.list"), `deb ${mirror} ${SUITE} main\n`);
  const own = [
    `Dir::Etc::SourceList=${draft}/sources.list`,
    "Dir::Etc::SourceParts=-",
    `Dir::State::Lists=${draft}/lists`,
    `Dir::Cache=${draft}/cache`,
    "APT::Sandbox::User=",
  ].flatMap((option) => ["-o", option]);
  run("apt-get", "update", "-qq", ...own);
  spawnSync("apt-get", ["download", "-qq", "consul", ...own], { cwd: draft, stdio: "ignore" });
  const archive = readdirSync(draft).find((name) => name.endsWith(".deb"));
  if (archive !== undefined) {
    run("dpkg", "-x", join(draft, archive), join(draft, "root"));
    const unpacked = join(draft, "root/usr/bin/consul");
    if (existsSync(unpacked)) renameSync(unpacked, packaged);
  }
  rmSync(draft, { recursive: true, force: true });
}

function run(command: string, ...args: readonly string[]): string {
  return spawnSync(command, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).stdout ?? "";
}
