import { execFileSync } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { request } from "../support/gateway-client.ts";
import { type Program, startProgram, thriftgate } from "../support/program.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

function startDemo(dataDir: string): Program {
  return startProgram([thriftgate, "demo", "--port", "0", "--admin-port", "0", "--data-dir", dataDir]);
}

/** Runs every curl line that the demo prints, as pasted. */
async function paste(demo: Program): Promise<unknown[]> {
  await demo.says(/Ctrl-C/);
  const curls = demo.stdout().match(/^ *curl .*$/gm) ?? [];
  return curls.map((line) =>
    JSON.parse(execFileSync("sh", ["-c", `${line} --silent --show-error --max-time 10`], { encoding: "utf8" })),
  );
}

/** The process that the demo runs `program` in. */
function childOf(demo: Program, program: string): number {
  const children = readFileSync(`/proc/${demo.pid}/task/${demo.pid}/children`, "utf8").trim().split(" ");
  return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(program)));
}

async function stop(demo: Program): Promise<void> {
  demo.signal("SIGINT");
  expect(await demo.exit).toBe(0);
}

const asset = { Exist: true, ID: "2", Name: "Bond", Market: "SGX" };
const user = { Exist: true, ID: "1", Name: "Ann", Email: "ann@example.com", Age: 30 };
const inserted = { Ok: true, Msg: "insert success" };
const duplicate = { Ok: false, Msg: "the id already exists" };

describe("thriftgate demo", { timeout: 60_000 }, () => {
  it("prints calls that work, stops at Ctrl-C, and finds at the next start what was stored", async () => {
    const dataDir = temporaryDirectory();
    const first = startDemo(dataDir);
    expect(await paste(first)).toEqual([inserted, asset, inserted, user]);
    expect(statSync(join(dataDir, "demo-keys.json")).mode & 0o777).toBe(0o600);
    await stop(first);
    const keys = readFileSync(join(dataDir, "demo-keys.json"), "utf8");

    const second = startDemo(dataDir);
    expect(await paste(second)).toEqual([duplicate, asset, duplicate, user]);
    expect(readFileSync(join(dataDir, "demo-keys.json"), "utf8")).toBe(keys);
    await stop(second);
  });

  it("spreads calls over both instances, which share their assets, and starts a server again that died", async () => {
    const demo = startDemo(temporaryDirectory());
    await paste(demo);
    const [, url, adminUrl] = await demo.says(/serves at (\S+), its admin listener at (\S+);/);
    for (let call = 0; call < 4; call += 1) expect((await request(`${url}/AssetManagement/getAsset?ID=2`)).json).toEqual(asset);

    const instances = await request(`${adminUrl}/admin/v1/instances?service=UserService`);
    expect(instances.json.items).toMatchObject([{ service: "UserService", dialect: { transport: "framed" } }]);
    const before = demo.stderr().match(/user-service: joined/g)?.length;
    process.kill(childOf(demo, "user-service"), "SIGKILL");
    await demo.says(/a server of UserService ended with SIGKILL; it is started again/);
    await demo.says(/user-service: joined[\s\S]*user-service: joined/);
    expect(before).toBe(1);
    expect((await request(`${url}/UserService/getUser?ID=1`)).json).toEqual(user);
    await stop(demo);
  });

  it("says what to do where the services are registered, and their key is lost", async () => {
    const dataDir = temporaryDirectory();
    const first = startDemo(dataDir);
    await first.says(/Ctrl-C/);
    await stop(first);
    rmSync(join(dataDir, "demo-keys.json"));
    const second = startDemo(dataDir);
    expect(await second.exit).toBe(1);
    expect(second.stderr()).toContain(`to begin anew, remove ${dataDir}`);
  });
});
