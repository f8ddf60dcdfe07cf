"""Echo (everything.thrift) on Apache's Python library:
python-server.py GENERATED_DIR framed|buffered|header binary|compact [NAME_TO_MULTIPLEX_UNDER]
"""
import json
import os
import sys

sys.path.insert(0, sys.argv[1])

from everything import Echo  # noqa: E402
from everything.ttypes import Refused  # noqa: E402
from thrift.protocol import TBinaryProtocol, TCompactProtocol, THeaderProtocol  # noqa: E402
from thrift.server import TServer  # noqa: E402
from thrift.TMultiplexedProcessor import TMultiplexedProcessor  # noqa: E402
from thrift.transport import TSocket, TSSLSocket, TTransport  # noqa: E402


class Handler:
    def __init__(self):
        self.messages = []

    def echo(self, value):
        return value

    def add(self, left, right):
        total = left + right
        if not -(2**63) <= total < 2**63:
            raise Refused(reason="the sum is no i64", code=64)
        return total

    def greet(self, name):
        return "Hello, " + name

    def nothing(self):
        pass

    def notify(self, message):
        self.messages.append(message)

    def received(self):
        return self.messages

    def crash(self):
        raise RuntimeError("undeclared")


if "TLS_CERT_FILE" in os.environ:
    listener = TSSLSocket.TSSLServerSocket(
        host="127.0.0.1", port=0, certfile=os.environ["TLS_CERT_FILE"], keyfile=os.environ["TLS_KEY_FILE"]
    )
else:
    listener = TSocket.TServerSocket(host="127.0.0.1", port=0)
listener.listen()
port = listener.handle.getsockname()[1]
transport = TTransport.TFramedTransportFactory() if sys.argv[2] == "framed" else TTransport.TBufferedTransportFactory()
if sys.argv[2] == "header":
    protocol = THeaderProtocol.THeaderProtocolFactory()
elif sys.argv[3] == "compact":
    protocol = TCompactProtocol.TCompactProtocolFactory()
else:
    protocol = TBinaryProtocol.TBinaryProtocolFactory()
processor = Echo.Processor(Handler())
if len(sys.argv) > 4:
    services = TMultiplexedProcessor()
    services.registerProcessor(sys.argv[4], processor)
    processor = services
server = TServer.TThreadedServer(processor, listener, transport, protocol, daemon=True)
listener.listen = lambda: None  # it listens already
print(json.dumps({"event": "ready", "port": port}), flush=True)
server.serve()
