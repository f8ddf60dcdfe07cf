import { readFileSync } from "node:fs";
import { createSecureContext, type SecureContext } from "node:tls";

interface TlsFiles {
  readonly instanceCaFile?: string | undefined;
  readonly instanceCertFile?: string | undefined;
  readonly instanceKeyFile?: string | undefined;
}

/** Of the gateway's configuration; what a service lacks is as for all. */
export interface InstanceSecurityConfig extends TlsFiles {
  readonly services?: Readonly<Record<string, TlsFiles & { readonly accessToken?: string | undefined }>>;
}

/** Whom the gateway trusts, and how it shows who it is, by service. Known to this process alone. */
export interface InstanceSecurity {
  tlsContext(service: string): SecureContext;
  /** What instances that speak TTHeader are sent with each call. */
  accessToken(service: string): string | undefined;
}

/** Files are read when a service's first connection opens. */
export function createInstanceSecurity({ services = {}, ...all }: InstanceSecurityConfig): InstanceSecurity {
  const contexts = new Map<string, SecureContext>();
  const of = (service: string) => (Object.hasOwn(services, service) ? services[service] : undefined);
  return {
    tlsContext(service) {
      const name = of(service) === undefined ? "" : service;
      const context = contexts.get(name) ?? createContext({ ...all, ...definedOf(of(service)) });
      contexts.set(name, context);
      return context;
    },
    accessToken: (service) => of(service)?.accessToken,
  };
}

function createContext({ instanceCaFile: ca, instanceCertFile: cert, instanceKeyFile: key }: TlsFiles): SecureContext {
  return createSecureContext({
    ...(ca !== undefined && { ca: readFileSync(ca) }),
    ...(cert !== undefined && { cert: readFileSync(cert) }),
    ...(key !== undefined && { key: readFileSync(key) }),
  });
}

function definedOf(files: TlsFiles | undefined): TlsFiles {
  return Object.fromEntries(Object.entries(files ?? {}).filter(([, file]) => file !== undefined));
}
