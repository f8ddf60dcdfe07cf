"""Apache's Python library as a codec without generated code. One request a line, as JSON; one answer a line.

{"define": {"structs": [{"fields": [[id, type], …]}, …], "result": [[id, type], …], "arguments": index}}
{"read": "call" | "reply", "from": "binary" | "compact", "to": … | "value", "fast": true, "message": base64, "echo": false}

A message is read into objects, and these are written again; with "echo" a call becomes the reply that returns its first argument.
"fast" reads with the C decoder.
"""
import base64
import json
import sys

from thrift.protocol.TBase import TBase
from thrift.protocol.TBinaryProtocol import TBinaryProtocol, TBinaryProtocolAccelerated
from thrift.protocol.TCompactProtocol import TCompactProtocol, TCompactProtocolAccelerated
from thrift.Thrift import TMessageType, TType
from thrift.transport.TTransport import TMemoryBuffer

CODES = {
    "bool": TType.BOOL, "i8": TType.BYTE, "i16": TType.I16, "i32": TType.I32, "enum": TType.I32, "i64": TType.I64,
    "double": TType.DOUBLE, "string": TType.STRING, "binary": TType.STRING, "struct": TType.STRUCT, "list": TType.LIST,
    "set": TType.SET, "map": TType.MAP,
}  # fmt: skip
PLAIN = {"binary": TBinaryProtocol, "compact": TCompactProtocol}
FAST = {"binary": TBinaryProtocolAccelerated, "compact": TCompactProtocolAccelerated}


class Definition:
    def __init__(self, structs, result, arguments):
        self.classes = [self.make(index) for index in range(len(structs) + 1)]
        self.patches = []
        for made, fields in zip(self.classes, [struct["fields"] for struct in structs] + [result]):
            spec = [None] * (max((field[0] for field in fields), default=0) + 1)
            for field, kind in fields:
                spec[field] = (field, CODES[kind["kind"]], "f%d" % field, self.extra(kind), None)
            made.thrift_spec = tuple(spec)
            made.names = ["f%d" % field for field, _ in fields]
        for patch in self.patches:
            patch[1] = patch[0].thrift_spec
        self.arguments = self.classes[arguments]
        self.result = self.classes[-1]

    @staticmethod
    def make(index):
        def begin(self, **values):
            for name in self.names:
                setattr(self, name, values.get(name))

        return type("S%d" % index, (TBase,), {"__init__": begin})

    def extra(self, kind):
        """The fourth part of a field's entry, as generated code has it."""
        name = kind["kind"]
        if name == "string":
            return "UTF8"
        if name == "binary":
            return "BINARY"
        if name == "struct":
            patch = [self.classes[kind["index"]], None]
            self.patches.append(patch)
            return patch
        if name in ("list", "set"):
            return (CODES[kind["element"]["kind"]], self.extra(kind["element"]), False)
        if name == "map":
            key, value = kind["key"], kind["value"]
            return (CODES[key["kind"]], self.extra(key), CODES[value["kind"]], self.extra(value), False)
        return None


def answer(definition, request):
    reader = (FAST if request["fast"] else PLAIN)[request["from"]]
    # Nothing is allocated for a size that is only declared.
    limits = {"string_length_limit": 1_000_000, "container_length_limit": 100_000}
    source = reader(TMemoryBuffer(base64.b64decode(request["message"])), **limits)
    name, kind, seqid = source.readMessageBegin()
    value = definition.arguments() if request["read"] == "call" else definition.result()
    value.read(source)
    source.readMessageEnd()
    if request["echo"]:
        value, kind = definition.result(f0=value.f1), TMessageType.REPLY
    written = TMemoryBuffer()
    if request["to"] == "value":
        value.write(TBinaryProtocol(written))
    else:
        target = PLAIN[request["to"]](written)
        target.writeMessageBegin(name, kind, seqid)
        value.write(target)
        target.writeMessageEnd()
    return {"message": base64.b64encode(written.getvalue()).decode()}


definition = None
for line in sys.stdin:
    request = json.loads(line)
    if "define" in request:
        definition = Definition(**request["define"])
        continue
    try:
        reply = answer(definition, request)
    except Exception as error:
        reply = {"refused": "%s: %s" % (type(error).__name__, error)}
    print(json.dumps(reply), flush=True)
