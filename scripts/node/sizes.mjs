// What a first visit downloads, and what a page with the policy engine downloads on top, against their budgets. Exits 1 when
// one is exceeded.
// Usage: node sizes.mjs SITE_DIR [--json]
import * as fs from "node:fs";
import * as path from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

const site = process.argv[2];
const KB = 1024;
/** kind → [fails above, warns above], bytes after brotli. */
const BUDGETS = { wasm: [400 * KB, 350 * KB], js: [25 * KB, 25 * KB], css: [25 * KB, 25 * KB], fonts: [60 * KB, 60 * KB], policy: [160 * KB, 155 * KB] };

function brotli(file) {
  if (fs.existsSync(`${file}.br`)) return fs.statSync(`${file}.br`).size;
  const bytes = fs.readFileSync(file);
  return brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24 } }).length;
}
const rows = Object.fromEntries(Object.keys(BUDGETS).map((kind) => [kind, { raw: 0, br: 0, files: 0 }]));
for (const entry of fs.readdirSync(site, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile()) continue;
  const file = path.join(entry.parentPath ?? entry.path, entry.name);
  const ext = path.extname(entry.name).slice(1);
  const kind = ["woff2", "woff", "ttf", "otf"].includes(ext) ? "fonts" : /^policy\..*\.(js|wasm)$/.test(entry.name) ? "policy" : ext;
  if (!rows[kind]) continue;
  rows[kind].raw += fs.statSync(file).size;
  rows[kind].br += kind === "fonts" ? fs.statSync(file).size : brotli(file);
  rows[kind].files += 1;
}
let failed = false;
const kb = (n) => (n / KB).toFixed(1).padStart(8);
const out = [];
for (const [kind, row] of Object.entries(rows)) {
  const [limit, alarm] = BUDGETS[kind];
  const verdict = row.br > limit ? "OVER" : row.br > alarm ? "near the limit" : "ok";
  failed ||= row.br > limit;
  // A site without its wasm is no site: the check must not pass on an empty directory.
  if (kind !== "fonts" && row.files === 0) { failed = true; out.push({ kind, verdict: "MISSING" }); continue; }
  out.push({ kind, raw: row.raw, br: row.br, limit, alarm, verdict });
}
if (process.argv.includes("--json")) console.log(JSON.stringify(out));
else {
  console.log("  download      raw KB  brotli KB  budget KB");
  for (const r of out) console.log(`  ${r.kind.padEnd(8)} ${r.verdict === "MISSING" ? "" : `${kb(r.raw)}  ${kb(r.br)}   ${kb(r.limit)}`}  ${r.verdict}`);
}
process.exit(failed ? 1 : 0);
