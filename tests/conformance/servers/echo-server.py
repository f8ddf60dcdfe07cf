"""Echo (echo.thrift) on Apache's Python library: echo-server.py GENERATED framed|buffered|header binary|compact|accel|accelc [NAME]"""
import sys

sys.path.insert(0, sys.argv[1])

from echo import Echo  # noqa: E402
from echo.ttypes import Busy, Point, Refused  # noqa: E402
from thrift.protocol import TBinaryProtocol, TCompactProtocol, THeaderProtocol  # noqa: E402
from thrift.server import TServer  # noqa: E402
from thrift.TMultiplexedProcessor import TMultiplexedProcessor  # noqa: E402
from thrift.transport import TSocket, TTransport  # noqa: E402


class Handler:
    def __init__(self):
        self.messages = []

    def __getattr__(self, name):
        return lambda thing: thing

    def refuse(self, code):
        if code == 1:
            raise Refused(reason="ü🚀", code=2**31 - 1)
        if code == 2:
            raise Busy(where=[Point(x=1, y=2), Point(x=-1, y=7)])
        return "taken"

    def notify(self, message):
        self.messages.append(message)

    def received(self):
        return self.messages


transport, protocol, name = sys.argv[2], sys.argv[3], sys.argv[4:]
transports = {"framed": TTransport.TFramedTransportFactory}
protocols = {
    "binary": TBinaryProtocol.TBinaryProtocolFactory,
    "compact": TCompactProtocol.TCompactProtocolFactory,
    "accel": TBinaryProtocol.TBinaryProtocolAcceleratedFactory,
    "accelc": TCompactProtocol.TCompactProtocolAcceleratedFactory,
}
processor = Echo.Processor(Handler())
if name:
    services = TMultiplexedProcessor()
    services.registerProcessor(name[0], processor)
    processor = services
server = TServer.TThreadedServer(
    processor,
    TSocket.TServerSocket(host="127.0.0.1", port=0),
    transports.get(transport, TTransport.TBufferedTransportFactory)(),
    THeaderProtocol.THeaderProtocolFactory() if transport == "header" else protocols[protocol](),
    daemon=True,
)
server.serve()
