import { GatewayRefusal } from "./gateway-refusal.ts";
import { type GatewayAnswer, postJson } from "./gateway-request.ts";
import { assertGatewayAddress } from "./join-options.ts";

const REQUEST_TIMEOUT_MS = 5_000;

/** The calls of the original gateway's client. New servers use `joinGateway`, which does more with less. */
export class GatewayClient {
  readonly #apiKey: string;
  readonly #serviceName: string;
  readonly #gatewayAddress: string;

  /** `gatewayAddress`: `http://127.0.0.1:4200`. */
  constructor(apiKey: string, serviceName: string, gatewayAddress: string) {
    assertGatewayAddress(gatewayAddress);
    this.#apiKey = apiKey;
    this.#serviceName = serviceName;
    this.#gatewayAddress = gatewayAddress;
  }

  /** Resolves to the ServerID. Rejects with a GatewayRefusal, or an Error when the gateway can't be reached. */
  async connectServer(address: string, port: string | number): Promise<string> {
    const answer = await this.#post("connect", {
      ServiceName: this.#serviceName,
      ServerAddress: address,
      ServerPort: String(port),
    });
    const { ServerID: serverId } = answer.body;
    if (answer.status !== 200 || typeof serverId !== "string" || serverId === "") throw new GatewayRefusal("/connect", answer);
    return serverId;
  }

  /**
   * Beats now and then every `seconds`, until `signal` is aborted. A gateway that can't be reached, or has trouble of its
   * own, is tried again at the next beat; rejects with a GatewayRefusal once one refuses. Keeps no process alive.
   */
  updateHealthLoop(id: string, seconds: number, { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (!(seconds > 0)) throw new TypeError(`seconds: expected a positive number, not ${seconds}`);
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined;
      const beat = async (): Promise<void> => {
        if (signal?.aborted) return;
        const answer = await this.#post("health", { ServerID: id }).catch(() => undefined);
        if (answer && answer.status !== 200 && answer.status < 500 && answer.status !== 429) {
          signal?.removeEventListener("abort", end);
          reject(new GatewayRefusal("/health", answer));
        } else if (!signal?.aborted) {
          timer = setTimeout(() => void beat(), seconds * 1000).unref();
        }
      };
      const end = (): void => {
        clearTimeout(timer);
        resolve();
      };
      if (signal?.aborted) return end();
      signal?.addEventListener("abort", end, { once: true });
      void beat();
    });
  }

  #post(path: string, body: object): Promise<GatewayAnswer> {
    return postJson(this.#gatewayAddress, path, { ApiKey: this.#apiKey, ...body }, REQUEST_TIMEOUT_MS);
  }
}
