import { writeFileSync } from "node:fs";
import { configJsonSchema } from "../gateway/dist/config/keys.js";

const file = new URL("../config/thriftgate.schema.json", import.meta.url);
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
