import { describeServer } from "./describe-server.ts";
import { apacheCpp } from "./servers/apache-cpp.ts";

describeServer(apacheCpp);
