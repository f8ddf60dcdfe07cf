import { connect, idlText, register } from "../../support/gateway-client.ts";
import { type GatewayProcess, startGatewayProcess } from "../../support/gateway-process.ts";
import { startThriftPeer, type ThriftPeer } from "../../support/thrift-peer.ts";

export const echoMethods = ["echo", "add", "greet", "nothing", "notify", "received", "crash"];

/** `T echo(1: T value)`: the one argument is the result. */
function argumentAsResult(call: { body: Buffer }): Buffer {
  const body = Buffer.from(call.body);
  if (body.length >= 3) body.writeInt16BE(0, 1);
  return body;
}

/** QueryAssetResponse { Exist: true }, also a sound InsertAssetResponse { Ok: true }. */
const assetResult = Buffer.from([12, 0, 0, 2, 0, 1, 1, 0, 0]);

export interface Fixture {
  readonly gateway: GatewayProcess;
  readonly assets: ThriftPeer;
  readonly echo: ThriftPeer;
  /** Of the owner "owner", who has AssetManagement, Echo and Names. */
  readonly apiKey: string;
  readonly foreignKey: string;
  stop(): Promise<void>;
}

export async function startFixture(config: Readonly<Record<string, unknown>> = {}): Promise<Fixture> {
  const gateway = await startGatewayProcess({
    config: { ...config, limits: { registrationsPerMinute: 1_000_000, ...(config.limits as object | undefined) } },
  });
  const apiKey = await register(gateway.url, "owner", [
    {
      name: "AssetManagement",
      idl: idlText("asset_management.thrift"),
      paths: { newAsset: "insertAsset", getAsset: "queryAsset" },
    },
    { name: "Echo", idl: idlText("everything.thrift"), paths: echoMethods },
    { name: "Names", idl: idlText("hostile-names.thrift"), paths: ["echo", "tag"] },
  ]);
  const foreignKey = await register(gateway.url, "foreigner", [
    { name: "Foreign", idl: "service Foreign { void m() }", paths: ["m"] },
  ]);
  const assets = await startThriftPeer({ resultOf: () => assetResult });
  const echo = await startThriftPeer({ resultOf: argumentAsResult });
  await connect(gateway.url, apiKey, "AssetManagement", assets.port);
  await connect(gateway.url, apiKey, "Echo", echo.port);
  await connect(gateway.url, apiKey, "Names", echo.port);
  return {
    gateway,
    assets,
    echo,
    apiKey,
    foreignKey,
    async stop() {
      await gateway.stop();
      await assets.close();
      await echo.close();
    },
  };
}
