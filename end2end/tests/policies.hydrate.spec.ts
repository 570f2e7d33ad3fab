// The policy engine in the browser: a wasm module in a worker, under the content security policy of a real page. It must say
// what the API says, word for word.
import * as fs from "node:fs";

import { type Page } from "@playwright/test";

import { expect, hydrated, running, test } from "../support/fixtures";

const EXAMPLES = fs.readFileSync(new URL("../../crates/mesh/tests/policy/cases.yaml", import.meta.url), "utf8");

const policy = (rules: string) =>
  `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: {name: p, namespace: shop}\nspec: {rules: ${rules}}\n`;
const WIDE = policy("[{to: [{operation: {paths: ['/items*'], methods: [get]}}]}, {to: [{operation: {paths: [/items/1], methods: [get]}}]}]");
const NARROW = policy("[{to: [{operation: {paths: [/items], methods: [GET]}}]}]");

const QUESTIONS: Record<string, [question: string, document: string]> = {
  "the whole example file": ["evaluate", EXAMPLES],
  "lints with analysis": ["lint", JSON.stringify({ manifests: WIDE, analyze: true })],
  "a comparison": ["diff", JSON.stringify({ before: WIDE, after: NARROW, namespace: "shop" })],
};

/** Asks the engine as the page's own code does. */
async function ask(page: Page, question: string, document: string): Promise<string> {
  return await page.evaluate(
    async ([question, document]) => {
      const scripts = performance.getEntriesByType("resource").map((entry) => entry.name);
      const portal = scripts.find((name) => /\/pkg\/obstack\.[^/]*\.js$/.test(name));
      if (!portal) throw new Error(`the page has loaded ${scripts}`);
      const { askPolicyEngine } = await import(portal);
      return await askPolicyEngine(question, document);
    },
    [question, document],
  );
}

test.beforeEach(async ({ page }) => {
  await page.goto("/t/acme");
  await hydrated(page);
});

for (const [name, [question, document]] of Object.entries(QUESTIONS)) {
  test(`browser and server agree on ${name}`, async ({ page }) => {
    const headers = { "content-type": "application/yaml", "x-obstack-csrf": "1", origin: running().url };
    const answer = await page.request.post(`/api/v1/t/acme/policies/${question}`, { headers, data: document });
    expect(answer.status()).toBe(200);
    const { answer: here } = JSON.parse(await ask(page, question, document));
    expect(here).toEqual(await answer.json());
    if (question === "evaluate") expect([here.passed, here.failed]).toEqual([61, 0]);
  });
}

test("what cannot be read is said with its place", async ({ page }) => {
  const reply = JSON.parse(await ask(page, "evaluate", EXAMPLES.replace("format: 1", "format: 1\nforamt: 2")));
  expect(reply.unreadable[0]).toMatchObject({ code: "OB0106", message: "unknown field `foramt`", line: expect.any(Number) });
});

test("the engine is loaded with the first question and comes back after a failure", async ({ page, complaints }) => {
  expect(page.workers()).toHaveLength(0);
  await ask(page, "lint", JSON.stringify({ manifests: NARROW }));
  expect(page.workers()).toHaveLength(1);
  complaints.allow(/no such question/);
  await expect(ask(page, "divine", "")).rejects.toThrow(/no such question: divine/);
  expect(JSON.parse(await ask(page, "lint", JSON.stringify({ manifests: NARROW }))).answer.policies).toBe(1);
});
