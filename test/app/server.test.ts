import { mkdtempSync, mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serve } from "../../src/app/server.mjs";

let server: { url: string; close: () => Promise<unknown> };
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "latentgpu-server-"));
  mkdirSync(join(folder, "open"));
  writeFileSync(join(folder, "secret.txt"), "secret");
  writeFileSync(join(folder, "open/page.html"), "page");
  writeFileSync(join(folder, "open/a b.js"), "code");
  symlinkSync(join(folder, "secret.txt"), join(folder, "open/link.txt"));
  server = await serve({ extra: { "/open/": join(folder, "open") } });
});

afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

/** Sends the path as it stands; fetch would tidy "..". */
function ask(path: string, method = "GET", headers = {}): Promise<{ status: number; type: string; text: string }> {
  return new Promise((accept, reject) => {
    const { hostname, port } = new URL(server.url);
    const sent = request({ hostname, port, path, method, headers }, (response) => {
      let text = "";
      response.on("data", (part) => (text += String(part)));
      response.on("end", () =>
        accept({ status: response.statusCode ?? 0, type: response.headers["content-type"] ?? "", text }),
      );
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("the server gives a file with its type", async () => {
  expect(await ask("/open/page.html?x=1")).toEqual({ status: 200, type: "text/html; charset=utf-8", text: "page" });
  expect(await ask("/open/a%20b.js")).toEqual({ status: 200, type: "text/javascript; charset=utf-8", text: "code" });
});

test("HEAD gives no body", async () => {
  expect(await ask("/open/page.html", "HEAD")).toMatchObject({ status: 200, text: "" });
});

test("no address leads out of its folder", async () => {
  const outside = ["/open/../secret.txt", "/open/%2e%2e/secret.txt", "/open/..%2fsecret.txt", "/open/link.txt"];
  const odd = [
    "/open/",
    "/open",
    "/open/none",
    "/open/..%5csecret.txt",
    "/open/%00",
    "/open/%zz",
    "//etc/passwd",
    "/package.json",
  ];
  for (const path of [...outside, ...odd]) expect((await ask(path)).status, path).toBe(404);
});

test("only reading is allowed, and only from this machine's names", async () => {
  expect((await ask("/open/page.html", "POST")).status).toBe(405);
  expect((await ask("/open/page.html", "GET", { host: "example.org" })).status).toBe(403);
});

test("a port that is taken is an error", async () => {
  await expect(serve({ port: Number(new URL(server.url).port) })).rejects.toThrow(/EADDRINUSE/);
});

test("a thousand downloads that break off leave no file open", async () => {
  writeFileSync(join(folder, "open/large.bin"), new Uint8Array(4 * 2 ** 20));
  const { hostname, port } = new URL(server.url);
  const open = (): number => readdirSync("/proc/self/fd").length;
  const broken = () =>
    new Promise<void>((accept) => {
      const sent = request({ hostname, port, path: "/open/large.bin", agent: false }, (response) => {
        response.once("data", () => response.destroy());
        response.on("close", () => accept());
        response.on("error", () => {});
      });
      sent.on("error", () => accept());
      sent.end();
    });
  await broken();
  const before = open();
  for (let i = 0; i < 1000; i += 50) await Promise.all(Array.from({ length: 50 }, broken));
  for (let wait = 0; wait < 100 && open() > before; wait++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(open() - before).toBeLessThanOrEqual(0);
});
