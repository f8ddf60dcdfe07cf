// Echo (echo.thrift) on npm's thrift: echo-server.cjs GENERATED framed|buffered binary|compact|header [NAME]
const { join } = require("node:path");
const thrift = require("thrift");

const [generated, transport, protocol, name] = process.argv.slice(2);
const Echo = require(join(generated, "Echo.js"));
const { Busy, Point, Refused } = require(join(generated, "echo_types.js"));

const messages = [];
const same = (thing, result) => result(null, thing);
const handler = {
  echoSmall: same,
  echoScalars: same,
  echoContainers: same,
  echoKeys: same,
  echoDefaults: same,
  echoChoice: same,
  echoTree: same,
  refuse(code, result) {
    if (code === 1) result(new Refused({ reason: "ü🚀", code: 2 ** 31 - 1 }));
    else if (code === 2) result(new Busy({ where: [new Point({ x: 1, y: 2 }), new Point({ x: -1, y: 7 })] }));
    else result(null, "taken");
  },
  notify: (message) => messages.push(message),
  received: (result) => result(null, messages),
};

const options = {
  transport: { framed: thrift.TFramedTransport, buffered: thrift.TBufferedTransport }[transport],
  protocol: { binary: thrift.TBinaryProtocol, compact: thrift.TCompactProtocol, header: thrift.THeaderProtocol }[protocol],
};

function multiplexedServer() {
  const services = new thrift.MultiplexedProcessor();
  services.registerProcessor(name, new Echo.Processor(handler));
  return thrift.createMultiplexServer(services, options);
}

const server = name === undefined ? thrift.createServer(Echo, handler, options) : multiplexedServer();
// What it can't read ends that connection alone.
server.on("error", (error) => process.stderr.write(`${error.stack}\n`));
server.listen(0, "127.0.0.1");
