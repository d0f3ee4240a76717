// Debian's Chromium, and a person in it. Whatever a page reports is a failure: console errors, exceptions, violations of
// the content security policy, answers of the server that the story did not expect.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"];
const PATIENCE_MS = 20_000;

/** Start Chromium without a window. */
export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: QUIET, headless: true });
}

/** A person's browser profile with one page open, and what that page complained about. */
export async function profile(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce", ...options });
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const expected = new Set();
  const complaints = await listen(page, expected);
  return {
    page,
    /** Answers with this status are part of the story from here on. */
    expect: (status) => expected.add(status),
    /** Leave: nothing may have been complained about. */
    async leave() {
      await context.close();
      assert.deepEqual(complaints, []);
    },
    /** Leave after a failure: what the page showed and said explains it. */
    async explain(error) {
      const text = await page.locator("body").innerText().catch(() => "nothing");
      error.message += `\nThe page ${page.url()} shows:\n${text}\nIt complains about: ${complaints.join("; ") || "nothing"}`;
      await context.close();
      return error;
    },
  };
}

/** One person's part of a story, in a fresh profile. */
export async function as(browser, options, part) {
  const person = await profile(browser, options);
  try {
    await part(person.page, person);
  } catch (error) {
    throw await person.explain(error);
  }
  await person.leave();
}

async function listen(page, expected) {
  const complaints = [];
  await page.exposeBinding("reportViolation", (_, what) => complaints.push(`content security policy: ${what}`));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", (event) =>
      window.reportViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
  });
  page.on("pageerror", (error) => complaints.push(`exception: ${error.message}`));
  page.on("response", (answer) => {
    if (answer.status() >= 400 && !expected.has(answer.status())) complaints.push(`${answer.status()} for ${answer.url()}`);
  });
  page.on("console", (message) => {
    // Chromium repeats the status of an answer here: it was judged above.
    const status = message.text().startsWith("Failed to load resource: the server responded with a status of");
    if (["error", "warning"].includes(message.type()) && !status) complaints.push(`console: ${message.text()}`);
  });
  return complaints;
}

/** Sign in at a site by clicking on a name. */
export async function signIn(page, site, person) {
  await page.goto(site);
  await page.getByRole("link", { name: "Sign in with Demo identity provider" }).click();
  await page.getByRole("link", { name: person }).click();
  await page.getByRole("heading", { level: 1, name: `Welcome, ${person}` }).waitFor();
}

/** Wait until an element is there and says this. */
export async function says(locator, text) {
  await locator.filter({ hasText: text }).first().waitFor();
}
