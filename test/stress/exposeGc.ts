import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

// gives Node's tests the gc() that the harness collects garbage with; imported for this alone
setFlagsFromString("--expose_gc");
Object.assign(globalThis, { gc: runInNewContext("gc") as () => void });
