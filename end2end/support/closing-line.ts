// Ends a run with the plain line that people and build servers look for.
import type { FullResult, Reporter, TestCase, TestResult } from "@playwright/test/reporter";

export default class ClosingLine implements Reporter {
  private outcomes = new Map<string, TestCase>();

  onTestEnd(test: TestCase, _result: TestResult) {
    this.outcomes.set(test.id, test);
  }

  onEnd(_result: FullResult) {
    const tests = [...this.outcomes.values()];
    const skipped = tests.filter((test) => test.outcome() === "skipped").length;
    const failed = tests.filter((test) => test.outcome() === "unexpected").length;
    console.log(`\n${tests.length - skipped - failed} passed, ${failed} failed${skipped ? `, ${skipped} skipped` : ""}`);
  }

  printsToStdio() {
    return false;
  }
}
