/**
 * Who may import whom. The table stands in CONTRIBUTING.md ("Layout and imports"); tests/architecture plants a violation
 * of every rule and requires that it is found.
 */
const stages = ["http", "route", "codec", "balance", "connection"];

/** Modules under `from` may import no module of ours but those under `allowed`. */
function onlyImports(name, from, allowed) {
  return {
    name,
    severity: "error",
    from: { path: from },
    to: { path: "^(thrift|gateway|server-utils|rpc-services|bench|tests)/", pathNot: allowed },
  };
}

/** Modules `what` may be imported only from `where`. */
function onlyFrom(name, what, where) {
  return { name, severity: "error", from: { path: "^(thrift|gateway|server-utils)/src/", pathNot: where }, to: { path: what } };
}

const registryDoor = "^gateway/(src/registry\\.ts|dist/registry\\.(js|d\\.ts))$";
const npm = (name) => `(^|node_modules/)${name}(/|$)`;
const builtin = (name) => `^(node:)?${name}$`;

module.exports = {
  forbidden: [
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } } },
    { name: "no-unresolvable", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^(node:)?sqlite$" } },

    onlyImports("thrift-imports-nothing", "^thrift/src/", ["^thrift/src/"]),
    {
      name: "thrift-has-no-dependencies",
      severity: "error",
      from: { path: "^thrift/src/" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg", "core"] },
    },

    onlyImports("core-imports-nothing-of-ours", "^gateway/src/core/", ["^gateway/src/core/"]),
    onlyImports("snapshot-imports", "^gateway/src/snapshot/", ["^gateway/src/(snapshot|core)/", "^thrift/"]),
    onlyImports("data-plane-imports", "^gateway/src/data-plane/", ["^gateway/src/(data-plane|snapshot|core)/", "^thrift/"]),
    onlyImports("control-plane-imports", "^gateway/src/control-plane/", [
      "^gateway/src/(control-plane|snapshot|core)/",
      "^thrift/",
    ]),
    ...stages.map((stage) =>
      onlyImports(`stage-${stage}-imports-no-other-stage`, `^gateway/src/data-plane/${stage}/`, [
        `^gateway/src/data-plane/${stage}/`,
        "^gateway/src/(snapshot|core)/",
        "^thrift/",
      ]),
    ),
    onlyImports("thrift-only-through-its-door", "^(gateway|server-utils|rpc-services|bench)/", [
      "^(gateway|server-utils|rpc-services|bench)/",
      "^thrift/(src/index\\.ts|dist/index\\.(js|d\\.ts))$",
    ]),

    onlyImports("server-utils-imports-nothing", "^server-utils/src/", ["^server-utils/src/"]),
    {
      name: "server-utils-has-no-dependencies",
      severity: "error",
      from: { path: "^server-utils/src/" },
      to: { dependencyTypes: ["npm", "npm-dev", "npm-optional", "npm-peer", "npm-no-pkg"] },
    },
    onlyImports("rpc-services-import-server-utils-alone", "^rpc-services/([^/]+)/", [
      "^rpc-services/$1/",
      "^server-utils/(src/index\\.ts|dist/index\\.(js|d\\.ts))$",
      registryDoor,
    ]),
    {
      name: "registry-door-for-the-registry-proxy-alone",
      severity: "error",
      from: { path: "^(rpc-services|server-utils|bench)/", pathNot: "^rpc-services/registry-proxy/" },
      to: { path: registryDoor },
    },

    onlyFrom("express-in-app-and-control-plane", npm("express"), ["^gateway/src/app\\.ts$", "^gateway/src/control-plane/"]),
    onlyFrom("sockets-in-http-and-connection", builtin("(net|tls)"), [
      "^gateway/src/data-plane/(http|connection)/",
      "^server-utils/src/",
    ]),
    onlyFrom("sqlite-in-stores", `${builtin("sqlite")}|${npm("@photostructure/sqlite")}`, [
      "^gateway/src/control-plane/(store|registry)/",
    ]),
    onlyFrom("mongodb-in-the-store", npm("mongodb"), ["^gateway/src/control-plane/store/"]),
    onlyFrom("undici-in-the-registry", npm("undici"), ["^gateway/src/control-plane/registry/"]),
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.base.json" },
    doNotFollow: { path: ["node_modules", "(^|/)dist/"] },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "types", "default"],
      extensions: [".ts", ".js", ".d.ts"],
    },
  },
};
