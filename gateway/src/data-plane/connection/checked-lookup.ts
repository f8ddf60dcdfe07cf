import { isIP, type LookupFunction } from "node:net";

/** Why no connection may go to this IP address and port; `undefined`: it may. */
export type AddressCheck = (ip: string, port: number) => Error | undefined;

/** A literal is checked at once, since no lookup takes place for it. @throws what the check says */
export function assertLiteralAllowed(address: string, port: number, checkAddress: AddressCheck): void {
  const refusal = isIP(address) === 0 ? undefined : checkAddress(address, port);
  if (refusal !== undefined) throw refusal;
}

/** Looks names up at every connect and passes on what the check allows, so that a name can't move to a forbidden address. */
export function createCheckedLookup(lookup: LookupFunction, checkAddress: AddressCheck, port: number): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, options, (error, address, family) => {
      if (error) callback(error, address, family);
      else if (typeof address === "string") callback(checkAddress(address, port) ?? null, address, family);
      else {
        const allowed = address.filter((candidate) => checkAddress(candidate.address, port) === undefined);
        const refusal = allowed.length > 0 ? null : new Error(`${hostname} has no address that is allowed`);
        callback(refusal, allowed);
      }
    });
  };
}
