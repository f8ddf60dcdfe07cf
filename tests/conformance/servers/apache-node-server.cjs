// Apache's ThriftTest on npm's thrift, from the folder of Apache's handler: apache-node-server.cjs framed|buffered binary|compact|header [multiplexed] --es6
const { join } = require("node:path");
const thrift = require("thrift");

const [transport, protocol, multiplexed] = process.argv.slice(2);
const own = (file) => require(join(process.cwd(), file));
const ThriftTest = own("gen-nodejs-es6/ThriftTest.js");
const { ThriftTestHandler } = own("test_handler.js");
const { transports, protocols } = own("helpers.js");
const options = { transport: transports[transport], protocol: protocols[protocol] };

function multiplexedServer() {
  const SecondService = own("gen-nodejs-es6/SecondService.js");
  const second = { secondtestString: (thing, result) => result(null, `testString("${thing}")`) };
  const services = new thrift.MultiplexedProcessor();
  services.registerProcessor("ThriftTest", new ThriftTest.Processor(ThriftTestHandler));
  services.registerProcessor("SecondService", new SecondService.Processor(second));
  return thrift.createMultiplexServer(services, options);
}

const server = multiplexed === "multiplexed" ? multiplexedServer() : thrift.createServer(ThriftTest, ThriftTestHandler, options);
// What it can't read ends that connection alone.
server.on("error", (error) => process.stderr.write(`${error.stack}\n`));
server.listen(0, "127.0.0.1");
