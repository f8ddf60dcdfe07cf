import { setTimeout as pause } from "node:timers/promises";
import { expect, it, onTestFinished } from "vitest";
import { register, request, serviceBody } from "../support/gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "../support/gateway-process.ts";
import { temporaryDirectory } from "../support/temporary-directory.ts";

const idl = "service S { void m() }";
const names = (round: number) => [0, 1, 2].map((index) => `Round${round}-${index}`);

/** Which of these services the gateway knows. */
async function served(gateway: GatewayProcess, services: readonly string[], path: string): Promise<string[]> {
  const found: string[] = [];
  for (const service of services) {
    const { json } = await request(`${gateway.url}/${service}/${path}`);
    if (json.code === "NO_HEALTHY_INSTANCE") found.push(service);
  }
  return found;
}

it("kill -9 at any moment of /register and /update loses nothing acknowledged and leaves nothing half", {
  timeout: 120_000,
}, async () => {
  const rounds = 24;
  const dataDir = temporaryDirectory();
  let gateway = await startGatewayProcess({ dataDir });
  onTestFinished(() => gateway.stop());
  const key = await register(gateway.url, "updater", [{ name: "Updated", idl, paths: { path0: "m" } }]);
  let acknowledgedPath = 0;
  let acknowledgedRegistrations = 0;

  for (let round = 1; round <= rounds; round += 1) {
    const { url } = gateway;
    const services = names(round).map((name) => serviceBody({ name, idl, paths: ["m"] }));
    const registration = request(`${url}/register`, {
      method: "POST",
      json: [{ OwnerName: `owner${round}`, OwnerId: `owner${round}`, Services: services }],
    }).then(
      ({ status }) => status,
      () => "lost",
    );
    const updated = request(`${url}/update?ownerid=updater`, {
      method: "PUT",
      headers: { apikey: key },
      json: [
        {
          OwnerName: "updater",
          OwnerId: "updater",
          Services: [serviceBody({ name: "Updated", idl, paths: { [`path${round}`]: "m" } })],
        },
      ],
    }).then(
      ({ status }) => status,
      () => "lost",
    );
    // The kill lands at another moment in each round: from before the first byte is read to after both answers.
    await pause((round * 37) % 40);
    await gateway.end("SIGKILL");
    const [registered, update] = await Promise.all([registration, updated]);

    gateway = await startGatewayProcess({ dataDir });
    const found = await served(gateway, names(round), "m");
    expect(found).toSatisfy((list: string[]) => list.length === 0 || list.length === 3, "all services of a registration or none");
    if (registered === 200) expect(found).toEqual(names(round));
    if (registered === 200) acknowledgedRegistrations += 1;

    const paths: number[] = [];
    for (const path of new Set([acknowledgedPath, round])) {
      if ((await served(gateway, ["Updated"], `path${path}`)).length === 1) paths.push(path);
    }
    expect(paths).toHaveLength(1);
    if (update === 200) expect(paths).toEqual([round]);
    acknowledgedPath = paths[0] as number;
  }

  // Both kinds of ending were met, else the moments were badly chosen.
  expect(acknowledgedRegistrations).toBeGreaterThan(0);
});
