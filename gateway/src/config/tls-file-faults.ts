import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";

interface TlsFiles {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
}

/** What keeps these files from being used for TLS; `prefix`: `consul` for `consulCaFile` and so on. */
export function tlsFileFaults(prefix: string, { ca, cert, key }: TlsFiles): { path: string; message: string }[] {
  const faults: { path: string; message: string }[] = [];

  function read<T>(name: string, file: string | undefined, expected: string, parse: (pem: Buffer) => T): T | undefined {
    if (file === undefined) return undefined;
    try {
      return parse(readFileSync(file));
    } catch (error) {
      const isThere = (error as NodeJS.ErrnoException).syscall === undefined;
      faults.push({ path: `${prefix}${name}`, message: `'${file}'; expected ${isThere ? expected : "a file that can be read"}` });
      return undefined;
    }
  }

  const toCertificate = (pem: Buffer) => new X509Certificate(pem);
  read("CaFile", ca, "certificates in PEM", toCertificate);
  const certificate = read("CertFile", cert, "a certificate in PEM", toCertificate);
  const privateKey = read("KeyFile", key, "a private key in PEM, not encrypted", createPrivateKey);
  if ((cert === undefined) !== (key === undefined)) {
    const missing = cert === undefined ? "CertFile" : "KeyFile";
    faults.push({ path: `${prefix}${missing}`, message: "not given; a certificate and its key go together" });
  } else if (certificate && privateKey && !certificate.checkPrivateKey(privateKey)) {
    faults.push({ path: `${prefix}KeyFile`, message: `'${key}'; expected the key of ${prefix}CertFile` });
  }
  return faults;
}
