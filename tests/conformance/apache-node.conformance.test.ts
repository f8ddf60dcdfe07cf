import { describeServer } from "./describe-server.ts";
import { apacheNode } from "./servers/apache-node.ts";

describeServer(apacheNode);
