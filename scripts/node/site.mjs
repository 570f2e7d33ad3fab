// Makes the directory that the server serves files from, out of what the compiler left:
//   pkg/obstack.<hash>.{js,wasm,css} and pkg/policy.<hash>.{js,wasm} with .br and .gz beside each, everything from public/,
//   and hash.txt, from which the server reads the names of the former. Those of the latter, the policy engine that pages load
//   when they need it, are written into the scripts.
// Usage: node site.mjs WASM_BINDGEN_DIR OUT_DIR [--dev]
//   --dev: nothing is made small, nothing compressed.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

import { snip } from "./snip.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, "../..");
const dev = process.argv.includes("--dev");
const [bindgenDir, outDir] = process.argv.slice(2).filter((a) => !a.startsWith("--"));
const NAME = "obstack";
// What rustc's wasm32-unknown-unknown uses and browsers have had for years; wasm-opt may rely on no more than these.
const FEATURES = ["bulk-memory", "bulk-memory-opt", "multivalue", "mutable-globals", "nontrapping-float-to-int", "reference-types", "sign-ext"].map((f) => `--enable-${f}`);

// Weighed after brotli: -Os leaves more bytes than -Oz, but ones that look more alike. Functions that are called often come
// first, so that calls are shorter. The linker puts the stack at address 0, so nothing lies in the first kilobyte unless
// the stack has overflowed, and offsets below that may be folded into loads and stores.
const PASSES = ["-Os", "--low-memory-unused", "--reorder-functions"];

// Leptos carries a second way to take a page over, for routes that load lazily. Only `hydrate_lazy` starts it, and
// `frontend` starts the other one; but every view's table of functions names it, so no compiler can tell that it is dead.
// It is a fifth of the code. A change to lazy routes must take this line away: the browser tests would trap at once.
// Only the bodies of its futures: smaller functions the compiler may have folded into ones of the same shape that do run.
const NEVER_RUN = /::hydrate_async::\{\{closure\}\}(::\{\{closure\}\})*(::h[0-9a-f]{16})?$/;

/** Runs one part and says how long it took. */
async function part(name, work) {
  const from = Date.now();
  const note = await work();
  console.log(`  ${name.padEnd(12)} ${((Date.now() - from) / 1000).toFixed(1).padStart(6)} s  ${note ?? ""}`);
}
const kb = (bytes) => `${(bytes / 1024).toFixed(1)} KB`;
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("base64url").slice(0, 16).replaceAll(/[-_]/g, "x");

// Everything is made in a fresh directory that then takes the old one's place: a server that is running never sees half a site.
const fresh = `${outDir}.new`;
fs.rmSync(fresh, { recursive: true, force: true });
fs.mkdirSync(path.join(fresh, "pkg"), { recursive: true });
const hashes = {};
function emit(kind, bytes) {
  hashes[kind] = hashOf(bytes);
  write(`${NAME}.${hashes[kind]}.${kind}`, bytes);
}
function write(name, bytes) {
  fs.writeFileSync(path.join(fresh, "pkg", name), bytes);
  return name;
}
/** The module as small as it gets; `input` is a file. */
function optimised(input) {
  const output = path.join(fresh, "optimised.wasm");
  execFileSync(path.join(here, "node_modules/.bin/wasm-opt"), [...PASSES, ...FEATURES, input, "-o", output], { stdio: ["ignore", "inherit", "inherit"] });
  const bytes = fs.readFileSync(output);
  fs.rmSync(output);
  return bytes;
}
/** A script with all that it imports, so that snippets of crates do not become files of their own. */
async function bundled(entry, define, alias) {
  const result = await esbuild.build({
    entryPoints: [entry], define, alias,
    bundle: true, format: "esm", platform: "browser", target: "es2022",
    minify: !dev, legalComments: "none", external: ["*.wasm"], write: false, logLevel: "warning",
  });
  return result.outputFiles[0].contents;
}

await part("wasm", () => {
  const input = path.join(bindgenDir, `${NAME}_bg.wasm`);
  if (dev) {
    emit("wasm", fs.readFileSync(input));
    return "as compiled";
  }
  if (/hydrate_lazy/.test(fs.readFileSync(path.join(root, "frontend/src/lib.rs"), "utf8"))) throw new Error("frontend hydrates lazily: NEVER_RUN in site.mjs does run");
  const { module, removed } = snip(fs.readFileSync(input), NEVER_RUN);
  const snipped = path.join(fresh, "snipped.wasm");
  fs.writeFileSync(snipped, module);
  const bytes = optimised(snipped);
  emit("wasm", bytes);
  fs.rmSync(snipped);
  return `${kb(module.length)} → ${kb(bytes.length)}; ${kb(removed)} that never run left out`;
});

let engine;
await part("policy", async () => {
  const input = path.join(bindgenDir, "policy_bg.wasm");
  const bytes = dev ? fs.readFileSync(input) : optimised(input);
  const wasm = write(`policy.${hashOf(bytes)}.wasm`, bytes);
  const script = await bundled(path.join(root, "crates/sandbox/src/worker.js"), { WASM: JSON.stringify(wasm) }, { policy: path.join(bindgenDir, "policy.js") });
  engine = write(`policy.${hashOf(script)}.js`, script);
  return kb(bytes.length);
});

await part("js", async () => {
  emit("js", await bundled(path.join(bindgenDir, `${NAME}.js`), { POLICY_ENGINE: JSON.stringify(engine) }));
});

await part("css", async () => {
  const result = await esbuild.build({
    entryPoints: [path.join(root, "style/index.css")],
    bundle: true, minify: !dev, legalComments: "none", external: ["/fonts/*", "/images/*"], write: false, logLevel: "warning",
  });
  emit("css", result.outputFiles[0].contents);
});

await part("public", () => {
  if (fs.existsSync(path.join(root, "public"))) fs.cpSync(path.join(root, "public"), fresh, { recursive: true });
});

if (!dev) {
  await part("compress", () => {
    let files = 0;
    for (const entry of fs.readdirSync(fresh, { recursive: true, withFileTypes: true })) {
      const file = path.join(entry.parentPath ?? entry.path, entry.name);
      // Fonts and pictures are compressed already.
      if (!entry.isFile() || /\.(woff2|png|jpe?g|webp|avif|br|gz)$/.test(entry.name)) continue;
      const bytes = fs.readFileSync(file);
      const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_LGWIN]: 24, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
      fs.writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params }));
      fs.writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
      files += 1;
    }
    return `${files} files`;
  });
}

fs.writeFileSync(path.join(fresh, "hash.txt"), Object.entries(hashes).map(([kind, hash]) => `${kind}: ${hash}\n`).join(""));
const old = `${outDir}.old`;
fs.rmSync(old, { recursive: true, force: true });
if (fs.existsSync(outDir)) fs.renameSync(outDir, old);
fs.renameSync(fresh, outDir);
fs.rmSync(old, { recursive: true, force: true });
