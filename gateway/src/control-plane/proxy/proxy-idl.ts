/** Under which proxies register themselves; no owner may have it. */
export const PROXY_SERVICE = "RegistryProxy";

/** What proxies of the original do not have in their metadata, as `proxy`: those that have it are told the secret. */
export const PROXY_MARK = "thriftgate";

/** idl/registry_proxy.thrift, which is not part of the package. */
export const PROXY_IDL = `
struct ConnectRequest {
  1: string ApiKey
  2: string ServiceName
  3: string ServerAddress
  4: string ServerPort
  5: i64 TTL
  6: i64 TTD
}
struct ConnectResponse {
  1: string Status
  2: string Message
  3: string ServerID
}
struct HealtRequest {
  1: string ApiKey
  2: string ServerID
}
struct HealthResponse {
  1: string Status
  2: string Message
}
service RegistryProxy {
  ConnectResponse connectServer(1: ConnectRequest req)
  HealthResponse healthCheckServer(1: HealtRequest req)
}
`;
