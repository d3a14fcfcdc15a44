// The web page in a real browser: the live graphs move, every page gets ready in both themes and on a phone, and nothing leaves the host.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

const url = process.env.TARSIER_URL;
const shots = process.env.TARSIER_SCREENSHOTS;
const pages = { "/": "home", "/targets": "targets", "/alerts": "alerts", "/plugins": "plugins" };

let browser;
before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  if (shots) mkdirSync(shots, { recursive: true });
});
after(() => browser?.close());

/** A page that records errors and requests to other hosts. */
async function open(path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
  const problems = [];
  page.on("pageerror", (error) => problems.push(`${error}`));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  page.on("request", (request) => new URL(request.url()).origin === url || request.url().startsWith("data:") || problems.push(`asked ${request.url()}`));
  await page.goto(url + path);
  await page.waitForSelector('[data-page-state="ready"], [data-page-state="empty"]', { timeout: 20000 });
  return { page, problems };
}

/** What the canvas of a panel shows. Found and read in one step, for the element may be replaced at any time. */
const drawn = async (page, panel) => (await page.waitForFunction((id) => document.querySelector(`[data-panel-id="${id}"] canvas`)?.toDataURL(), panel)).jsonValue();

const shoot = (page, name) => shots && page.screenshot({ path: `${shots}/${name}.png` });

test("the live graph of the machine moves", async () => {
  const { page, problems } = await open("/?range=5m");
  const cpu = page.locator('[data-panel-id="cpu"]');
  await cpu.locator("canvas").waitFor();
  assert.equal(await cpu.getAttribute("data-panel-state"), "ready");
  const before = await drawn(page, "cpu");
  await page.waitForResponse((response) => response.url().includes("query_range"), { timeout: 15000 });
  // the next points come with the next refreshes
  let moved = false;
  for (let i = 0; i < 60 && !moved; i += 1) {
    await page.waitForTimeout(500);
    moved = before !== (await drawn(page, "cpu"));
  }
  assert.ok(moved, "the graph is as it was");
  assert.deepEqual(problems, []);
  await shoot(page, "home-dark");
});

for (const theme of ["dark", "light"]) {
  test(`every page gets ready in the ${theme} theme, with a title, one heading and no request elsewhere`, async () => {
    for (const [path, name] of Object.entries(pages)) {
      const { page, problems } = await open(`${path}?theme=${theme}`);
      assert.equal(await page.locator("[data-page]").getAttribute("data-page"), name);
      assert.equal(await page.locator("h1").count(), 1, path);
      assert.match(await page.title(), /\S+ · Tarsier/);
      const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(background, theme === "dark" ? "rgb(15, 17, 21)" : "rgb(246, 247, 249)");
      assert.deepEqual(problems, [], path);
      await shoot(page, `${name}-${theme}`);
      await page.close();
    }
  });
}

test("every page is usable at 390 px without scrolling sideways", async () => {
  for (const [path, name] of Object.entries(pages)) {
    const { page } = await open(path, { viewport: { width: 390, height: 800 } });
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, path);
    await shoot(page, `${name}-phone`);
    await page.close();
  }
});

test("the keyboard reaches the navigation, and the focus is seen", async () => {
  const { page } = await open("/");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "skip");
  for (let i = 0; i < 4; i += 1) await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector('[data-page="targets"]');
  assert.ok(page.url().includes("/targets"));
});

test("the range and the theme are in the URL, and back goes back", async () => {
  const { page } = await open("/");
  await page.getByRole("button", { name: "1h" }).click();
  assert.equal(new URL(page.url()).searchParams.get("range"), "1h");
  await page.getByRole("button", { name: /Switch to the/ }).click();
  assert.match(page.url(), /theme=(dark|light)/);
  await page.goBack();
  await page.goBack();
  assert.equal(new URL(page.url()).searchParams.get("range"), null);
});

test("a target shows how it got its labels, rule by rule, and the URL says so", async () => {
  const { page, problems } = await open("/targets");
  await page.getByRole("button", { name: /got its labels/ }).first().click();
  const steps = page.locator("[data-steps-of]");
  await steps.getByRole("listitem").first().waitFor();
  const text = await steps.innerText();
  assert.match(text, /replace source_labels=\["__address__"\] regex=".*:\(.\*\)" target_label="port"/);
  assert.match(text, /of __address__ matches/);
  assert.match(text, /\+\s+port=\d+/);
  assert.match(page.url(), /rules=/);
  assert.deepEqual(problems, []);
  await shoot(page, "target-steps");
  await page.reload();
  await steps.getByRole("listitem").first().waitFor();
  await page.getByRole("button", { name: "Close" }).click();
  assert.equal(await steps.count(), 0);
});

test("plugins show their state in words", async () => {
  const { page } = await open("/plugins");
  await page.getByText("running").first().waitFor();
  assert.ok((await page.locator("tbody tr").count()) >= 5);
});
