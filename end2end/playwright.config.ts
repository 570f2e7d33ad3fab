import { defineConfig, devices } from "@playwright/test";

// Debian's Chromium; as root it needs --no-sandbox. The other flags keep it from calling home, which a machine without
// network answers with a flood of refused connections.
const chromium = {
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
  ],
};
const desktop = { ...devices["Desktop Chrome"], viewport: { width: 1280, height: 800 } };
const phone = { ...devices["Desktop Chrome"], viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

export default defineConfig({
  testDir: "tests",
  outputDir: "test-results",
  globalSetup: "./support/setup.ts",
  // One demo for all, on two cores; what changes it for everybody runs alone at the end.
  workers: 2,
  fullyParallel: true,
  forbidOnly: !!process.env.CI,
  retries: 0,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  reporter: [["list"], ["./support/closing-line.ts"]],
  use: { launchOptions: chromium, trace: "retain-on-failure", screenshot: "only-on-failure" },
  projects: [
    // Specs run with and without JavaScript; what needs it is called *.hydrate.spec.ts.
    { name: "js", use: desktop, testIgnore: ["**/*.phone.spec.ts", "**/*.last.spec.ts"] },
    { name: "nojs", use: { ...desktop, javaScriptEnabled: false }, testIgnore: ["**/*.hydrate.spec.ts", "**/*.phone.spec.ts", "**/*.last.spec.ts"] },
    { name: "phone", use: phone, testMatch: "**/*.phone.spec.ts" },
    // Faults, restarts, spent login tries: they would disturb the others.
    { name: "last", use: desktop, testMatch: "**/*.last.spec.ts", fullyParallel: false, dependencies: ["js", "nojs", "phone"] },
  ],
});
