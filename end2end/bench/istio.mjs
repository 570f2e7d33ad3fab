// Writes the metrics of a made-up Istio mesh as OpenMetrics text with timestamps, for `promtool tsdb
// create-blocks-from openmetrics`. Usage: node istio.mjs NAMESPACES FILE; prints the number of series.
//
// Per namespace exactly 100 series: seven request edges (six HTTP, one gRPC; one of them leads into the next namespace),
// each from both reporters, two of them with errors, their durations with nine buckets as the server's side reports
// them, a TCP edge from both reporters and in both directions, a certificate.
import * as fs from "node:fs";
import { pathToFileURL } from "node:url";

export const STEP_SECS = 15;
/** Samples reach back this far: the ten minutes of a graph's window and two more to vary the instant by. */
export const SPAN_SECS = 12 * 60;

const APPS = ["front", "cart", "orders", "stock", "mail"];
/** source, target, protocol, requests per second, share of errors; `next` marks a target in the next namespace. */
const EDGES = [
  { from: "front", to: "cart", protocol: "http", rate: 40 },
  { from: "front", to: "orders", protocol: "http", rate: 25, errors: 0.02 },
  { from: "orders", to: "stock", protocol: "http", rate: 20 },
  { from: "orders", to: "mail", protocol: "http", rate: 5, errors: 0.1 },
  { from: "cart", to: "stock", protocol: "http", rate: 12 },
  { from: "orders", to: "front", protocol: "http", rate: 3, next: true },
  { from: "cart", to: "orders", protocol: "grpc", rate: 8 },
];
const BUCKETS = ["1", "5", "10", "25", "50", "100", "500", "1000", "+Inf"];
const SHARES = [0.05, 0.3, 0.5, 0.75, 0.9, 0.96, 0.99, 0.998, 1];

const namespace = (n) => `ns-${String(n).padStart(3, "0")}`;

function labels(pairs) {
  return `{${Object.entries(pairs).map(([name, value]) => `${name}="${value}"`).join(",")}}`;
}

/** The labels Istio puts on the traffic of an edge. */
function traffic(n, total, edge, reporter, more) {
  const source = namespace(n), target = namespace(edge.next ? (n + 1) % total : n);
  return {
    reporter,
    source_workload: `${edge.from}-v1`, source_workload_namespace: source, source_principal: `spiffe://cluster.local/ns/${source}/sa/${edge.from}`,
    source_app: edge.from, source_version: "v1", source_cluster: "east", source_canonical_service: edge.from, source_canonical_revision: "v1",
    destination_workload: `${edge.to}-v1`, destination_workload_namespace: target, destination_principal: `spiffe://cluster.local/ns/${target}/sa/${edge.to}`,
    destination_app: edge.to, destination_version: "v1", destination_cluster: "east",
    destination_service: `${edge.to}.${target}.svc.cluster.local`, destination_service_name: edge.to, destination_service_namespace: target,
    destination_canonical_service: edge.to, destination_canonical_revision: "v1",
    connection_security_policy: reporter === "destination" ? "mutual_tls" : "unknown",
    ...more,
  };
}

/** All series: family, its type, name, labels, value per second. */
function* series(total) {
  const http = (edge, code, flags = "-") => ({
    request_protocol: edge.protocol, response_code: code, response_flags: flags, ...(edge.protocol === "grpc" ? { grpc_response_status: "0" } : {}),
  });
  for (let n = 0; n < total; n += 1) {
    for (const edge of EDGES) {
      for (const reporter of ["source", "destination"]) {
        yield ["istio_requests", "counter", "istio_requests_total", traffic(n, total, edge, reporter, http(edge, "200")), edge.rate * (1 - (edge.errors ?? 0))];
        if (edge.errors) yield ["istio_requests", "counter", "istio_requests_total", traffic(n, total, edge, reporter, http(edge, "503")), edge.rate * edge.errors];
      }
    }
  }
  for (let n = 0; n < total; n += 1) {
    for (const edge of EDGES) {
      const common = traffic(n, total, edge, "destination", http(edge, "200"));
      for (const [at, le] of BUCKETS.entries()) yield ["istio_request_duration_milliseconds", "histogram", "istio_request_duration_milliseconds_bucket", { ...common, le }, edge.rate * SHARES[at]];
      yield ["istio_request_duration_milliseconds", "histogram", "istio_request_duration_milliseconds_sum", common, edge.rate * 40];
      yield ["istio_request_duration_milliseconds", "histogram", "istio_request_duration_milliseconds_count", common, edge.rate];
    }
  }
  const tcp = { from: "stock", to: "mail" };
  for (const direction of ["sent", "received"]) {
    for (let n = 0; n < total; n += 1) {
      for (const reporter of ["source", "destination"]) {
        yield [`istio_tcp_${direction}_bytes`, "counter", `istio_tcp_${direction}_bytes_total`, traffic(n, total, tcp, reporter, { request_protocol: "tcp", response_flags: "-" }), 9000];
      }
    }
  }
  for (let n = 0; n < total; n += 1) {
    yield ["istio_agent_cert_expiry_seconds", "gauge", "istio_agent_cert_expiry_seconds", { namespace: namespace(n), pod: `${APPS[0]}-v1-0` }, 0];
  }
}

/** Writes all samples up to `end` (unix seconds); answers how many series there are. */
export async function write(total, file, end) {
  const out = fs.createWriteStream(file, { highWaterMark: 1 << 20 });
  const put = (text) => out.write(text) || new Promise((resolve) => out.once("drain", resolve));
  const from = end - SPAN_SECS;
  let count = 0, lastFamily = "";
  for (const [family, type, name, pairs, perSecond] of series(total)) {
    let text = family === lastFamily ? "" : `# TYPE ${family} ${type}\n`;
    lastFamily = family;
    const prefix = name + labels(pairs);
    for (let at = from; at <= end; at += STEP_SECS) {
      const value = type === "gauge" ? 86400 - (at - from) : Math.round((100_000 + (at - from)) * perSecond);
      text += `${prefix} ${value} ${at}\n`;
    }
    count += 1;
    await put(text);
  }
  out.end("# EOF\n");
  await new Promise((resolve) => out.once("close", resolve));
  return count;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const end = Math.floor(Date.now() / 1000 / STEP_SECS) * STEP_SECS;
  console.log(await write(Number(process.argv[2]), process.argv[3], end));
}
