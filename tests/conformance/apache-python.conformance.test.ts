import { describeServer } from "./describe-server.ts";
import { apachePython } from "./servers/apache-python.ts";

describeServer(apachePython);
