// Registers the sample services at a gateway and prints the owner's key: node deploy/register-samples.js http://127.0.0.1:4200
import { readFileSync } from "node:fs";

const [gateway = "http://127.0.0.1:4200"] = process.argv.slice(2);
const token = process.env.THRIFTGATE_REGISTRATION_TOKEN;
const samples = {
  AssetManagement: { idl: "asset_management.thrift", paths: { newAsset: "insertAsset", getAsset: "queryAsset" } },
  UserService: { idl: "user_service.thrift", paths: { newUser: "insertUser", getUser: "queryUser" } },
};

const services = Object.entries(samples).map(([ServiceName, { idl, paths }], index) => ({
  ServiceId: String(index + 1),
  ServiceName,
  IdlContent: readFileSync(new URL(`../idl/${idl}`, import.meta.url), "utf8"),
  Paths: Object.entries(paths).map(([MethodPath, ExposedMethod]) => ({ MethodPath, ExposedMethod })),
}));
const response = await fetch(`${gateway}/register`, {
  method: "POST",
  headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
  body: JSON.stringify([{ OwnerName: "Samples", OwnerId: "samples", Services: services }]),
});
const text = await response.text();
if (response.ok) {
  console.log(JSON.parse(text)["API-Key"]);
} else {
  console.error(text);
  process.exitCode = 1;
}
