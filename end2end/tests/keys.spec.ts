// API keys as people make them and as scripts use them: the page, the API, and sockets that were opened with a key.
import { WebSocket } from "ws";

import { expect, running, test, user } from "../support/fixtures";

const write = () => ({ cookie: user("acme").cookie, origin: running().url, "x-obstack-csrf": "1", "content-type": "application/json" });

async function makeKey(name: string): Promise<{ secret: string; id: string }> {
  const body = JSON.stringify({ name, role: "viewer", scopes: ["metrics:read"], expires_in_days: 1 });
  const answer = await fetch(`${running().url}/api/v1/t/acme/api-keys`, { method: "POST", headers: write(), body });
  expect(answer.status).toBe(201);
  const { secret, key } = await answer.json();
  return { secret, id: key.id };
}

async function revoke(id: string) {
  const answer = await fetch(`${running().url}/api/v1/t/acme/api-keys/${id}`, { method: "DELETE", headers: { ...write(), "if-match": "*" } });
  expect(answer.status).toBe(204);
}

/** An open live view, or the status it was refused with. */
function live(secret: string): Promise<WebSocket | number> {
  const socket = new WebSocket(`${running().url.replace("http", "ws")}/api/v1/t/acme/live`, { headers: { authorization: `Bearer ${secret}` } });
  return new Promise((resolve, reject) => {
    socket.on("open", () => resolve(socket));
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
    socket.on("error", reject);
  });
}

const closed = (socket: WebSocket) => new Promise<number>((resolve) => socket.on("close", resolve));

test.describe("the page", () => {
  test.use({ who: "acme" });

  test("makes a key, shows it once, and revokes it", async ({ page }, info) => {
    const name = `report ${info.project.name} ${info.repeatEachIndex} ${info.retry}`;
    await page.goto("/t/acme/settings/keys");
    await page.getByRole("textbox", { name: "Name", exact: true }).fill(name);
    await page.getByLabel("Ends after", { exact: true }).selectOption("30");
    await page.getByRole("button", { name: "Make the key" }).click();
    const secret = (await page.getByLabel("The key", { exact: true }).textContent())?.trim() ?? "";
    expect(secret).toMatch(/^obs_[0-9A-Za-z]{36}$/);
    expect(page.url()).not.toContain("obs_");
    const use = () => fetch(`${running().url}/api/v1/t/acme/stores`, { headers: { authorization: `Bearer ${secret}` } });
    expect((await use()).status).toBe(200);
    await page.getByRole("link", { name: /back to the keys/ }).click();
    const row = page.getByRole("row").filter({ hasText: name });
    await expect(row).toContainText("metrics:read");
    expect(await page.content()).not.toContain(secret);
    await row.locator("summary", { hasText: "Revoke" }).click();
    await row.getByRole("button", { name: "Revoke" }).click();
    await expect(page.getByRole("status")).toContainText("Revoked");
    expect((await use()).status).toBe(401);
  });
});

test.describe("a live view opened with a key", () => {
  test.use({ who: "nobody" });

  test("ends when the key is revoked", async () => {
    const { secret, id } = await makeKey("socket");
    const socket = await live(secret);
    if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket}`);
    const end = closed(socket);
    await revoke(id);
    expect(await end).toBe(4401);
    expect(await live(secret)).toBe(401);
  });

  test("is one of at most twenty", async () => {
    const { secret, id } = await makeKey("many sockets");
    const sockets = await Promise.all(Array.from({ length: 20 }, () => live(secret)));
    expect(sockets.every((socket) => socket instanceof WebSocket)).toBe(true);
    expect(await live(secret)).toBe(429);
    for (const socket of sockets) (socket as WebSocket).close();
    await revoke(id);
  });

  test("takes thirty subscriptions a minute", async () => {
    const { secret, id } = await makeKey("many subscriptions");
    const socket = await live(secret);
    if (!(socket instanceof WebSocket)) throw new Error(`refused with ${socket}`);
    const end = closed(socket);
    for (let i = 0; i < 31; i += 1) socket.send(JSON.stringify({ subscribe: [] }));
    expect(await end).toBe(1008);
    await revoke(id);
  });
});
