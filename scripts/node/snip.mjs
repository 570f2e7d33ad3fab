// Takes code out of a wasm module that is known never to run: the bodies of functions whose names match become a trap,
// and wasm-opt then removes everything that only they used. Needs the name section.
import * as fs from "node:fs";

/** Reads LEB128 numbers and names from a buffer. */
class Reader {
  constructor(bytes) { this.bytes = bytes; this.at = 0; }
  number() {
    let value = 0, factor = 1, byte;
    do { byte = this.bytes[this.at++]; value += (byte & 127) * factor; factor *= 128; } while (byte & 128);
    return value;
  }
  name() { const length = this.number(); return this.bytes.toString("utf8", this.at, (this.at += length)); }
}

function leb(value) {
  const bytes = [];
  do { bytes.push((value % 128) | (value >= 128 ? 128 : 0)); value = Math.floor(value / 128); } while (value > 0);
  return Buffer.from(bytes);
}

/** Counts imported functions: they come first in the numbering. */
function importedFunctions(reader) {
  let functions = 0;
  for (let left = reader.number(); left > 0; left -= 1) {
    reader.name(); reader.name();
    const kind = reader.bytes[reader.at++];
    if (kind === 0) { reader.number(); functions += 1; }
    else if (kind === 3) reader.at += 2;
    else {
      if (kind === 1) reader.at += 1;
      const limits = reader.bytes[reader.at++];
      reader.number();
      if (limits & 1) reader.number();
    }
  }
  return functions;
}

/** The module with the bodies of matching functions replaced by a trap; and how many bytes of code that took away. */
export function snip(module, pattern) {
  const reader = new Reader(module);
  reader.at = 8;
  const sections = [];
  let imported = 0;
  const doomed = new Set();
  while (reader.at < module.length) {
    const id = module[reader.at++];
    const length = reader.number();
    const body = module.subarray(reader.at, reader.at + length);
    reader.at += length;
    sections.push({ id, body });
    if (id === 2) imported = importedFunctions(new Reader(body));
    if (id !== 0) continue;
    const custom = new Reader(body);
    if (custom.name() !== "name") continue;
    while (custom.at < body.length) {
      const kind = body[custom.at++];
      const end = custom.number() + custom.at;
      if (kind === 1) for (let left = custom.number(); left > 0; left -= 1) {
        const index = custom.number();
        if (pattern.test(custom.name())) doomed.add(index);
      }
      custom.at = end;
    }
  }
  let removed = 0;
  const parts = [module.subarray(0, 8)];
  for (const { id, body } of sections) {
    let content = body;
    if (id === 10) {
      const code = new Reader(body);
      const count = code.number();
      const bodies = [leb(count)];
      for (let index = imported; index < imported + count; index += 1) {
        const size = code.number();
        let own = body.subarray(code.at, (code.at += size));
        // No locals, `unreachable`, `end`.
        if (doomed.has(index)) { removed += size - 3; own = Buffer.from([0, 0, 11]); }
        bodies.push(leb(own.length), own);
      }
      content = Buffer.concat(bodies);
    }
    parts.push(Buffer.from([id]), leb(content.length), content);
  }
  return { module: Buffer.concat(parts), functions: doomed.size, removed };
}

if (process.argv[1]?.endsWith("snip.mjs")) {
  const [input, output, pattern] = process.argv.slice(2);
  const result = snip(fs.readFileSync(input), new RegExp(pattern));
  fs.writeFileSync(output, result.module);
  console.log(`${result.functions} functions, ${result.removed} bytes`);
}
