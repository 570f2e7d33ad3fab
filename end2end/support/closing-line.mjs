// A reporter for `node --test`: a line per test, and at the end the plain line that people and build servers look for.
export default async function* closingLine(source) {
  const count = { passed: 0, failed: 0, skipped: 0 };
  for await (const { type, data } of source) {
    if (type === "test:diagnostic" && data.level === "error") yield `${data.message}\n`;
    if (type === "test:stderr" || type === "test:stdout") yield data.message;
    if (type !== "test:pass" && type !== "test:fail") continue;
    const outcome = type === "test:fail" ? "failed" : data.skip !== undefined ? "skipped" : "passed";
    count[outcome] += 1;
    const mark = { passed: "✓", failed: "✗", skipped: "-" }[outcome];
    yield `${mark} ${data.name} (${outcome === "skipped" ? data.skip : `${(data.details.duration_ms / 1000).toFixed(1)} s`})\n`;
    if (outcome === "failed") yield `${data.details.error?.cause?.stack ?? data.details.error?.cause ?? data.details.error?.stack}\n`;
  }
  yield `\n${count.passed} passed, ${count.failed} failed${count.skipped ? `, ${count.skipped} skipped` : ""}\n`;
}
