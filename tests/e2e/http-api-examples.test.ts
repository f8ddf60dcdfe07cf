import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createGateway } from "../../gateway/src/app.ts";
import { curl, describeWith } from "../support/components.ts";
import { repository } from "../support/program.ts";
import { createTemporaryDirectory, temporaryDirectory } from "../support/temporary-directory.ts";

const run = promisify(execFile);

/** The shell commands of docs/http-api.md. */
function examples(): string[] {
  const text = readFileSync(join(repository, "docs/http-api.md"), "utf8");
  return [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, commands]) => commands!);
}

describeWith(curl, "the examples of docs/http-api.md", () => {
  test("a registration as a form with files", async () => {
    const [example, ...others] = examples().filter((commands) => commands.includes("--form"));
    expect(others).toEqual([]);
    const directory = createTemporaryDirectory();
    const cwd = temporaryDirectory();
    writeFileSync(
      join(cwd, "greeter.thrift"),
      'include "base.thrift"\nservice Greeter { base.Greeting greet(1: string name) }\n',
    );
    writeFileSync(join(cwd, "base.thrift"), "struct Greeting { 1: string text }\n");
    const gateway = createGateway({
      port: 0,
      adminPort: 0,
      dataDir: directory.path,
      masterKey: "a-master-key-of-tests",
      logger: false,
    });
    try {
      const { url } = await gateway.listen();
      const { stdout } = await run("sh", ["-c", example!.replace("http://127.0.0.1:4200", url)], { cwd });
      expect(JSON.parse(stdout)).toEqual({ "API-Key": expect.any(String), Message: expect.stringMatching(/^Registered/) });
      const answer = await fetch(`${url}/Greeter/hello`, {
        method: "POST",
        body: "{}",
        headers: { "content-type": "application/json" },
      });
      expect(await answer.json()).toMatchObject({ code: "NO_HEALTHY_INSTANCE", method: "greet" });
    } finally {
      await gateway.close();
      directory.remove();
    }
  });
});
