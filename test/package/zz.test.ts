import { test } from "vitest"; import { writeFileSync } from "node:fs";
import { documented, examplesOf } from "./docs.ts";
test("x", () => { const d = documented("/tmp/pk/place/project/node_modules/latentgpu/dist");
 writeFileSync("/tmp/pk/missing.txt", d.filter(x=>!x.doc).map(x=>x.path+":"+x.name).join("\n"));
 writeFileSync("/tmp/pk/noexample.txt", d.filter(x=>x.shows && examplesOf(x).length===0).map(x=>x.path+":"+x.name).join("\n"));
});
