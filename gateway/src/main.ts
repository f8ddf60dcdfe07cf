import { readFileSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { configKeys } from "./config/keys.ts";
import { ConfigError, type GatewayConfig, loadConfig } from "./config.ts";
import type { Logger } from "./core/logger.ts";
import { runUntilSignal } from "./run-until-signal.ts";

/** The keys that have an option; secrets have none, since anybody on the machine can read a command line. */
const optionKeys = [
  "host",
  "port",
  "adminHost",
  "adminPort",
  "dataDir",
  "store",
  "registry",
  "workers",
  "registration",
  "logLevel",
] as const;

type CommandOptions = Partial<Record<(typeof optionKeys)[number] | "config", string>>;

const exitCode = { done: 0, failed: 1, misconfigured: 2 } as const;

const { version } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string };

const program = new Command("thriftgate")
  .description("An HTTP gateway for Thrift: call any Thrift service with JSON, no generated code, no restart.")
  .version(version)
  .showHelpAfterError("(thriftgate --help says more)")
  .exitOverride();

withConfigOptions(program.command("start").description("run the gateway"))
  .addHelpText(
    "after",
    "\nWhen it serves, one line of JSON says so on stdout; logs go to stderr. Exit codes: 0 after SIGTERM or SIGINT,\n" +
      "2 for a fault in the configuration, 1 for any other. Every other key of the configuration: docs/configuration.md.",
  )
  .action((options: CommandOptions) => start(configOf(options)));

withConfigOptions(program.command("demo").description("run the gateway with sample services, and print calls to try")).action(
  async (options: CommandOptions) => {
    const quiet = process.env.THRIFTGATE_LOG_LEVEL ? {} : { logLevel: "warn" };
    const config = configOf({ ...quiet, ...options });
    const { runDemo } = await import("./demo.ts");
    await runDemo(config, await loggerOf(config));
  },
);

program
  .command("check")
  .description("say what a compiler would say of IDL files, without a gateway")
  .argument("<file...>", "IDL files; what they include is read from the disk")
  .action(check);

function withConfigOptions(command: Command): Command {
  for (const path of optionKeys) {
    const { description, default: value } = configKeys.get(path)!;
    const flag = path.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    const note = value === undefined ? "" : ` (default: ${String(value)})`;
    command.addOption(new Option(`--${flag} <value>`, description + note));
  }
  return command.option("--config <file>", "JSON file with any key of the configuration; comments may stand in it");
}

function configOf({ config: configFile, ...flags }: CommandOptions): GatewayConfig {
  return loadConfig({ flags: flags as Record<string, string>, configFile, env: process.env });
}

async function loggerOf(config: GatewayConfig): Promise<Logger> {
  const { createLogger } = await import("./core/logger.ts");
  const logger = createLogger({ level: config.logLevel });
  const die = (error: unknown): void => {
    logger.fatal({ err: error }, "a fault that nothing was prepared for");
    process.exitCode = exitCode.failed;
    // The line must be out, but a stuck reader of it must not keep the process.
    setTimeout(() => process.exit(), 1_000).unref();
    logger.flush(() => process.exit());
  };
  process.on("uncaughtException", die);
  process.on("unhandledRejection", die);
  return logger;
}

async function start(config: GatewayConfig): Promise<void> {
  // Loaded by need: what only looks at options, or at IDL, does not wait for a web framework.
  const { createGateway } = await import("./app.ts");
  const logger = await loggerOf(config);
  const gateway = createGateway({ ...config, logger });
  await runUntilSignal({
    async start() {
      const { url, adminUrl } = await gateway.listen();
      process.stdout.write(`${JSON.stringify({ event: "ready", url, adminUrl, pid: process.pid })}\n`);
    },
    stop: gateway.close,
    onStopFailure: (error) => logger.error({ err: error }, "stopping failed"),
  });
}

async function check(files: readonly string[]): Promise<void> {
  const { checkFiles } = await import("./check-command.ts");
  const { faults, warnings } = checkFiles(files);
  for (const text of [...warnings, ...faults]) console.error(text);
  if (faults.length === 0) console.log(`${files.length === 1 ? "1 file is" : `${files.length} files are`} good.`);
  else process.exitCode = exitCode.failed;
}

// Who reads our lines may go before we do.
process.stdout.on("error", () => {});
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = exitCode.failed;
  if (error instanceof CommanderError) {
    // It has said what was wrong; 0 is for --help and --version.
    process.exitCode = error.exitCode === 0 ? exitCode.done : exitCode.misconfigured;
  } else {
    if (error instanceof ConfigError) process.exitCode = exitCode.misconfigured;
    console.error(`thriftgate: ${(error as Error).message}`);
  }
  process.exit();
}
