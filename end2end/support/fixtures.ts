// The `test` that all specs use: signed in as one of the demo's users, and failing when a page complains about itself.
import * as fs from "node:fs";

import { test as base, expect, type Page } from "@playwright/test";

import { RUN_FILE } from "./setup";

export { expect };

export interface DemoUser {
  email: string;
  password: string;
  cookie: string;
  tenants: string[];
}
export interface Running {
  url: string;
  data: string;
  log: string;
  pid: number;
  users: DemoUser[];
}

/** The demo that runs for these tests. */
export function running(): Running {
  return JSON.parse(fs.readFileSync(RUN_FILE, "utf8"));
}

/** Who a test is signed in as: the member of one tenant, the operator of all, or nobody. */
export type Who = "acme" | "globex" | "operator" | "nobody";

export function user(who: Exclude<Who, "nobody">): DemoUser {
  const { users } = running();
  const found =
    who === "operator"
      ? users.find((u) => u.tenants.includes("acme") && u.tenants.includes("globex"))
      : users.find((u) => u.tenants.length === 1 && u.tenants[0] === who);
  if (!found) throw new Error(`the demo has no login for ${who}; it has ${users.map((u) => `${u.email} (${u.tenants})`).join(", ")}`);
  return found;
}

/** What a page complained about: console messages, scripts refused by the policy, requests that failed. */
export class Complaints {
  readonly all: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** A complaint that the test provokes. */
  allow(pattern: RegExp) {
    this.allowed.push(pattern);
  }

  add(text: string) {
    this.all.push(text);
  }

  unexpected(): string[] {
    return this.all.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
  }
}

export const test = base.extend<{ who: Who; complaints: Complaints }>({
  who: ["acme", { option: true }],

  baseURL: async ({}, use) => use(running().url),

  storageState: async ({ who }, use) => {
    const cookies = who === "nobody" ? [] : cookiesOf(user(who).cookie);
    await use({ cookies, origins: [] });
  },

  complaints: [
    async ({ page, javaScriptEnabled }, use) => {
      const complaints = new Complaints();
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complaints.add(`console ${message.type()}: ${message.text()} (${message.location().url})`);
      });
      page.on("pageerror", (error) => complaints.add(`page error: ${error.message}`));
      page.on("response", (response) => {
        if (response.status() >= 400) complaints.add(`${response.status()} for ${response.request().method()} ${response.url()}`);
      });
      page.on("requestfailed", (request) => {
        const why = request.failure()?.errorText ?? "";
        // A browser without scripts refuses to preload one, in the name of the policy.
        if (javaScriptEnabled === false && why === "csp" && new URL(request.url()).pathname.startsWith("/pkg/")) return;
        // Left behind by a navigation: no failure.
        if (!why.includes("ERR_ABORTED")) complaints.add(`${why} for ${request.method()} ${request.url()}`);
      });
      if (javaScriptEnabled !== false) {
        await page.addInitScript(() => {
          document.addEventListener("securitypolicyviolation", (event) => {
            console.error(`content security policy: ${event.violatedDirective} refused ${event.blockedURI || event.sourceFile}`);
          });
        });
      }
      await use(complaints);
      expect(complaints.unexpected(), "the page complained about itself").toEqual([]);
    },
    { auto: true },
  ],
});

/** A cookie header as Playwright wants it. */
export function cookiesOf(header: string) {
  return header.split("; ").map((pair) => {
    const at = pair.indexOf("=");
    return { name: pair.slice(0, at), value: pair.slice(at + 1), domain: "127.0.0.1", path: "/", expires: -1, httpOnly: true, secure: false, sameSite: "Strict" as const };
  });
}

/** Waits until the browser's half has taken over. */
export async function hydrated(page: Page) {
  await expect(page.locator("html[data-hydrated]")).toBeAttached({ timeout: 20_000 });
}

/** Opens a page of the portal and, where scripts run, waits until it is taken over. */
export async function open(page: Page, path: string) {
  const response = await page.goto(path);
  if (await scripts(page)) await hydrated(page);
  return response;
}

/** Whether this project runs scripts. */
export async function scripts(page: Page): Promise<boolean> {
  return test.info().project.use.javaScriptEnabled !== false && page.url().includes("/t/");
}
