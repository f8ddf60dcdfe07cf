import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeWith } from "../support/components.ts";
import { expectTableIn } from "../support/document-table.ts";
import { cases } from "./cases.ts";
import { findKnownDifference } from "./known-differences.ts";
import { type ConformanceServer, type ServerDialect, servicesIn, titleOf } from "./servers/conformance-server.ts";
import { startThroughGateway, type ThroughGateway } from "./through-gateway.ts";

/** Every case against a server in each of its dialects. */
export function describeServer(server: ConformanceServer): void {
  describeWith(server.component, server.name, () => {
    const rows: string[][] = [];
    beforeAll(async () => void (await server.build()));
    for (const dialect of server.dialects) describeDialect(server, dialect, (row) => rows.push(row));

    it("is as the document says", () => {
      const table = [["server", "dialect", "passed", "known differences", "failed"], ...rows];
      process.stdout.write(`${table.map((cells) => `${cells.join(" | ")}\n`).join("")}\n`);
      expectTableIn("docs/conformance.md", server.name, table);
    });
  });
}

function describeDialect(server: ConformanceServer, dialect: ServerDialect, onResult: (row: string[]) => void): void {
  const services = servicesIn(server, dialect);
  const served = cases.filter(({ service }) => services.includes(service));
  const title = titleOf(dialect);

  describe(title, () => {
    const counts = { passed: 0, known: 0, failed: served.length };
    let through: ThroughGateway | undefined;

    beforeAll(async () => {
      through = await startThroughGateway(server, dialect);
    });
    afterAll(async () => {
      onResult([server.name, title, ...Object.values(counts).map(String)]);
      await through?.stop();
    });

    for (const each of served) {
      it(each.id, async () => {
        const difference = await through!.findDifference(each);
        const known = findKnownDifference(server.name, title, each.id);
        if (known === undefined) expect(difference ?? "as expected").toBe("as expected");
        else expect(difference, "known-differences.json lists it, yet it passes").toBeDefined();
        counts.failed--;
        counts[known === undefined ? "passed" : "known"]++;
      });
    }

    if (services.includes("Echo")) {
      it("hands oneway calls on", async () => {
        const sent = await through!.call("Echo", "notify", '{"message":"one way"}');
        expect(sent.status).toBe(202);
        await expect.poll(async () => (await through!.call("Echo", "received", "{}")).text).toContain('"one way"');
      });
    }

    it("keeps many calls at once apart", async () => {
      const texts = Array.from({ length: 200 }, (_, index) => `caller ${index}`);
      const answers = await Promise.all(
        texts.map((thing) => through!.call("ThriftTest", "testString", JSON.stringify({ thing }))),
      );
      expect(answers.map(({ text }) => JSON.parse(text))).toEqual(texts);
    });
  });
}
