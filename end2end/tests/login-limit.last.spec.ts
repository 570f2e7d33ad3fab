// Too many tries: told apart from a wrong password by status and by how long to wait. Last, for it may lock this address.
import { expect, test } from "../support/fixtures";

test.use({ who: "nobody" });

test("guessing is slowed down", async ({ page, complaints }) => {
  complaints.allow(/401|429/);
  await page.goto("/login");
  const origin = new URL(page.url()).origin;
  let limited;
  for (let i = 0; i < 40 && !limited; i += 1) {
    const answer = await page.request.post("/api/v1/auth/login", {
      headers: { "x-obstack-csrf": "1", origin },
      data: { email: "somebody-guessed@acme.test", password: `guess-${i}` },
    });
    if (answer.status() === 429) limited = answer;
    else expect(answer.status()).toBe(401);
  }
  expect(limited, "within 40 tries").toBeDefined();
  expect(Number(limited!.headers()["retry-after"])).toBeGreaterThan(0);
  expect((await limited!.json()).code).toBeTruthy();
  // The form says the same in words.
  await page.getByLabel(/e-?mail/i).fill("somebody-guessed@acme.test");
  await page.getByLabel(/password/i).fill("one more");
  await page.getByRole("button", { name: /(sign|log) in/i }).click();
  await expect(page.getByRole("alert")).toContainText(/wait|again|too many/i);
});
