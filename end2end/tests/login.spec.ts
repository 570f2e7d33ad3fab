// Signing in and out with a local account.
import { expect, test, user } from "../support/fixtures";

test.use({ who: "nobody" });

async function signIn(page: import("@playwright/test").Page, email: string, password: string) {
  await page.getByLabel(/e-?mail/i).fill(email);
  await page.getByLabel(/password/i).fill(password);
  await page.getByRole("button", { name: /(sign|log) in/i }).click();
}

test("the way in leads to the tenant's overview, the way out ends the session on the server", async ({ page, request }) => {
  const { email, password } = user("acme");
  await page.goto("/login");
  await signIn(page, email, password);
  await expect(page).toHaveURL(/\/t\/acme\/?$/);
  const cookies = await page.context().cookies();
  const session = cookies.find((cookie) => cookie.httpOnly && /session/.test(cookie.name));
  expect(session, "a session cookie that scripts cannot read").toBeDefined();
  expect(session?.sameSite).toBe("Strict");

  // Leaving is a form, so that it works without scripts; the menu it lies in may need a click first.
  const out = page.getByRole("button", { name: /(sign|log) out/i });
  if (!(await out.isVisible())) await page.getByLabel(/^account of/i).click();
  await out.click();
  await expect(page).toHaveURL(/\/(login)?(\?.*)?$/);
  const after = await request.get("/api/v1/auth/me", { headers: { cookie: `${session?.name}=${session?.value}` } });
  expect(after.status(), "the old cookie is worth nothing").toBe(401);
});

test("a wrong password and an unknown address get the same answer", async ({ page, complaints }) => {
  complaints.allow(/401/);
  const said: string[] = [];
  for (const [email, password] of [[user("acme").email, "wrong-on-purpose"], ["nobody-here@acme.test", "wrong-on-purpose"]]) {
    await page.goto("/login");
    await signIn(page, email, password);
    const alert = page.getByRole("alert");
    await expect(alert).toBeVisible();
    said.push((await alert.innerText()).trim());
    await expect(page.getByLabel(/password/i)).toHaveValue("");
  }
  expect(said[0]).toBe(said[1]);
});

test("the page that was asked for comes after signing in", async ({ page }) => {
  const { email, password } = user("acme");
  await page.goto("/t/acme/topology?edges=p95");
  await expect(page).toHaveURL(/\/login\?return=/);
  await signIn(page, email, password);
  await expect(page).toHaveURL(/\/t\/acme\/topology\?edges=p95$/);
});

for (const evil of ["https://evil.test/", "//evil.test/", "/\\evil.test", "javascript:alert(1)"]) {
  test(`a return address of another site is not followed: ${evil}`, async ({ page }) => {
    const { email, password } = user("acme");
    await page.goto(`/login?return=${encodeURIComponent(evil)}`);
    await signIn(page, email, password);
    await expect(page).toHaveURL(/^http:\/\/127\.0\.0\.1:\d+\/t\/acme\/?$/);
  });
}

test("a stranger gets an empty redirect, not the page", async ({ request }) => {
  const response = await request.get("/t/acme/topology", { maxRedirects: 0 });
  expect([302, 303, 307]).toContain(response.status());
  expect(await response.text()).toBe("");
});

test("a write from another site is refused", async ({ request }) => {
  const { email, password } = user("acme");
  const response = await request.post("/api/v1/auth/login", {
    headers: { origin: "https://evil.test", "x-obstack-csrf": "1", "content-type": "application/json" },
    data: { email, password },
  });
  expect(response.status()).toBe(403);
});
