// Stands between browser and server during development: stays while the server restarts, and adds one script to every
// page that reloads it when a new server is up. Usage: node dev-proxy.mjs PORT SERVER_PORT; SIGHUP announces a restart.
import * as http from "node:http";
import * as net from "node:net";

const [port, inner] = process.argv.slice(2).map(Number);
const RELOAD = `new EventSource("/__dev").addEventListener("reload", () => location.reload());`;
const listeners = new Set();
/** The server refuses writes whose origin is not its own; ours stands for it. */
const OURS = [`http://127.0.0.1:${port}`, `http://localhost:${port}`];
const origin = (value) => (OURS.includes(value) ? `http://127.0.0.1:${inner}` : value);

/** True once the server accepts connections. */
const reachable = () => new Promise((resolve) => {
  const socket = net.connect(inner, "127.0.0.1", () => { socket.destroy(); resolve(true); });
  socket.on("error", () => resolve(false));
});
async function reachableWithin(seconds) {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline; await new Promise((r) => setTimeout(r, 100))) {
    if (await reachable()) return true;
  }
  return false;
}

process.on("SIGHUP", async () => {
  if (await reachableWithin(60)) for (const response of listeners) response.write("event: reload\ndata: \n\n");
});

const server = http.createServer(async (request, response) => {
  if (request.url === "/__dev") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    listeners.add(response);
    request.on("close", () => listeners.delete(response));
    return;
  }
  if (!(await reachableWithin(30))) { response.writeHead(503).end("the server is not up"); return; }
  const headers = { ...request.headers, "accept-encoding": "identity" };
  if (headers.origin) headers.origin = origin(headers.origin);
  const onward = http.request({ port: inner, host: "127.0.0.1", path: request.url, method: request.method, headers }, (answer) => {
    if (!String(answer.headers["content-type"]).startsWith("text/html")) {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
      return;
    }
    const nonce = String(answer.headers["content-security-policy"]).match(/'nonce-([^']+)'/)?.[1];
    const { "content-length": _length, ...rest } = answer.headers;
    response.writeHead(answer.statusCode, rest);
    answer.pipe(response, { end: false });
    answer.on("end", () => response.end(nonce ? `<script nonce="${nonce}">${RELOAD}</script>` : ""));
  });
  onward.on("error", () => response.destroy());
  request.pipe(onward);
});
server.on("upgrade", (request, socket, head) => {
  const onward = net.connect(inner, "127.0.0.1", () => {
    const lines = [`${request.method} ${request.url} HTTP/1.1`];
    for (let i = 0; i < request.rawHeaders.length; i += 2) {
      const [name, value] = request.rawHeaders.slice(i, i + 2);
      lines.push(`${name}: ${name.toLowerCase() === "origin" ? origin(value) : value}`);
    }
    onward.write(`${lines.join("\r\n")}\r\n\r\n`);
    onward.write(head);
    onward.pipe(socket).pipe(onward);
  });
  onward.on("error", () => socket.destroy());
  socket.on("error", () => onward.destroy());
});
server.listen(port, "127.0.0.1");
