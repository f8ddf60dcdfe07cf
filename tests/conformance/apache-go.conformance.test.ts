import { describeServer } from "./describe-server.ts";
import { apacheGo } from "./servers/apache-go.ts";

describeServer(apacheGo);
