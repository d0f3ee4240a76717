// The story of the pages, in a real browser against the real product: from sign-in to the receipt of a transfer.
//
// One demo for all of it, a fresh browser profile for each person of each test. Nothing sleeps: every step waits for
// what a person would wait to see.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { judge } from "./axe.mjs";
import { as, launch, profile, says, signIn } from "./browser.mjs";
import { startDemo } from "./demo.mjs";
import { pressOn, tabTo } from "./keyboard.mjs";

const ANA = "Ana Ortega";
const BEN = "Ben Okafor";
const ANAS_EMAIL = "ana@hospital-a.example";

let demo;
let browser;
let ben;

before(async () => {
  demo = await startDemo();
  browser = await launch();
  ben = await profile(browser);
  await signIn(ben.page, demo.university, BEN);
});

after(async () => {
  await ben?.leave();
  await browser?.close();
  await demo?.stop();
});

/** Ben lets Ana write at University B, with the session of his browser, and gets the rule's id. */
async function letAnaWrite() {
  const answer = await ben.page.request.post(`${demo.university}/api/v1/collections/intake/rules`, {
    headers: { origin: demo.university },
    data: { principal: { kind: "email", email: ANAS_EMAIL }, permissions: ["list", "write"] },
  });
  assert.equal(answer.status(), 201, await answer.text());
  return (await answer.json()).id;
}

async function revoke(rule) {
  const answer = await ben.page.request.delete(`${demo.university}/api/v1/rules/${rule}`, { headers: { origin: demo.university } });
  assert.equal(answer.status(), 204, await answer.text());
}

/** Run a step with a rule that lets Ana write, which is gone afterwards. */
async function whileAnaMayWrite(step) {
  const rule = await letAnaWrite();
  try {
    return await step();
  } finally {
    await revoke(rule);
  }
}

const heading = (page, name) => page.getByRole("heading", { level: 1, name, exact: true });
const badge = (page, words) => page.getByRole("main").locator(".badge", { hasText: words }).first();

/** Wait for the end of a transfer, as long as a build without optimisation takes on a busy machine. */
const finished = (page) => badge(page, "Succeeded").waitFor({ timeout: 90_000 });

/** From the first page to the review of a transfer of what `names` says. */
async function prepare(page, ...names) {
  await page.getByRole("link", { name: "Chest CT study" }).click();
  for (const name of names) await page.getByRole("checkbox", { name: `Choose ${name}` }).check();
  await page.getByRole("button", { name: "Transfer what is ticked" }).click();
  await heading(page, "Where should it go?").waitFor();
}

async function review(page) {
  await page.getByRole("radio", { name: "Intake" }).check();
  await page.getByRole("button", { name: "Review" }).click();
  await heading(page, "Review the transfer").waitFor();
}

describe("the pages", { timeout: 300_000 }, () => {
  it("a transfer that policy refuses is shown with the reason and the next step", () => as(browser, {}, async (page, ana) => {
    await signIn(page, demo.hospital, ANA);
    await prepare(page, "README.txt");
    await says(page.getByRole("group", { name: "Collections at University B" }), "You may write to none of its collections");
    assert.equal(await page.getByRole("radio").count(), 0);
    await judge(page, "destination without a rule");

    await page.goto(demo.hospital);
    await whileAnaMayWrite(async () => {
      await prepare(page, "README.txt");
      await review(page);
    });
    ana.expect(403);
    await page.getByRole("button", { name: "Start the transfer" }).click();
    await says(page.getByRole("main"), "What to do next:");
    await says(page.getByRole("main"), "Reference");
    await says(page.getByRole("main"), "access rule");
    await judge(page, "refused");

    await page.getByRole("link", { name: "Transfers" }).click();
    await says(page.getByRole("main"), "Nothing here yet");
    await judge(page, "no transfers");
  }));

  it("a researcher signs in, browses, chooses, transfers, watches it finish, and reads the receipt", () => as(browser, {}, async (page) => {
    await page.goto(demo.hospital);
    await heading(page, "Sign in to Hospital A").waitFor();
    await judge(page, "sign in");
    await page.getByRole("link", { name: "Sign in with Demo identity provider" }).click();
    await heading(page, "Who are you?").waitFor();
    await judge(page, "identity provider");
    await page.getByRole("link", { name: ANA }).click();
    await heading(page, `Welcome, ${ANA}`).waitFor();
    await judge(page, "home");

    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Collections" }).click();
    await heading(page, "Collections").waitFor();
    await judge(page, "collections");
    await page.getByRole("link", { name: "Chest CT study" }).click();
    await page.getByRole("link", { name: "imaging/" }).click();
    await heading(page, "imaging").waitFor();
    await judge(page, "a directory of a hundred");
    await page.getByRole("navigation", { name: "Breadcrumbs" }).getByRole("link", { name: "Chest CT study" }).click();
    await heading(page, "Chest CT study").waitFor();
    await page.getByRole("checkbox", { name: "Choose genomics" }).check();
    await page.getByRole("checkbox", { name: "Choose volumes" }).check();
    await says(page.getByText("2 chosen"), "2 chosen");
    await judge(page, "browse");

    await whileAnaMayWrite(async () => {
      await page.getByRole("button", { name: "Transfer what is ticked" }).click();
      await heading(page, "Where should it go?").waitFor();
      await page.getByLabel("Label").fill("Synthetic volumes");
      await judge(page, "destination");
      await review(page);
      await judge(page, "review");
      // The live stream is held back until the running page has been judged: the page stays as it was served.
      const release = await hold(page, "**/stream");
      await page.getByRole("button", { name: "Start the transfer" }).click();
      await heading(page, "Synthetic volumes").waitFor();
      await badge(page, "Active").waitFor();
      await judge(page, "a running transfer");
      release();
      await finished(page);
    });
    await says(page.locator("[data-field=files]"), "101 of 101");
    await judge(page, "a finished transfer");

    await page.getByRole("link", { name: "Receipt and audit entries" }).click();
    await heading(page, "Receipt: Synthetic volumes").waitFor();
    assert.ok(await page.getByRole("region", { name: "Audit entries" }).getByRole("row").count() > 2);
    await judge(page, "receipt");
    await page.getByRole("link", { name: "Transfers" }).click();
    await heading(page, "Transfers").waitFor();
    await judge(page, "transfers");
    await page.getByRole("link", { name: "Home" }).click();
    await judge(page, "home after a transfer");
    await page.getByRole("button", { name: "Sign out" }).click();
    await heading(page, "Sign in to Hospital A").waitFor();

    await ben.page.getByRole("link", { name: "Intake" }).click();
    await ben.page.getByRole("link", { name: "volumes/" }).click();
    await ben.page.getByRole("link", { name: "synthetic-ct-256MiB.raw" }).waitFor();
    await judge(ben.page, "what arrived");
  }));

  it("a running transfer is followed live, without a click", () => as(browser, {}, async (page) => {
    const seen = await record(page);
    await signIn(page, demo.hospital, ANA);
    await whileAnaMayWrite(async () => {
      await prepare(page, "imaging");
      await review(page);
      await page.getByRole("button", { name: "Start the transfer" }).click();
      await finished(page);
    });
    assert.ok(seen.includes("1000 of 1000"), `the figures that the stream brought: ${seen.join(", ")}`);
  }));

  it("a transfer that has to wait says so without a click, and what is done about it", () => as(browser, {}, async (page) => {
    await signIn(page, demo.hospital, ANA);
    await whileAnaMayWrite(async () => {
      await prepare(page, "imaging");
      await review(page);
      // The stream says once that the other site is away; whatever it says later is the site's own.
      await page.route("**/stream", async (route) => {
        const task = await (await page.request.get(route.request().url().replace("/stream", ""))).json();
        const waiting = JSON.stringify({ ...task, state: "INACTIVE", reason: "peer-unreachable" });
        await route.fulfill({ contentType: "text/event-stream", body: `event: progress\ndata: ${waiting}\n\n` });
      }, { times: 1 });
      await page.getByRole("button", { name: "Start the transfer" }).click();
      await badge(page, "Waiting: other site unreachable").waitFor();
      await badge(page, "Active").waitFor({ state: "hidden" });
      await says(page.getByRole("main"), "It is tried again by itself; nothing is lost.");
      await says(page.getByRole("status"), "Waiting: other site unreachable");
      await finished(page);
    });
  }));

  it("somebody who may share makes a rule, sees it in force, and revokes it", () => as(browser, {}, async (page, owner) => {
    await signIn(page, demo.university, BEN);
    await page.getByRole("link", { name: "Intake" }).click();
    await page.getByRole("link", { name: "Access rules" }).click();
    await heading(page, "Access rules").waitFor();
    await judge(page, "access rules");
    owner.expect(400);
    await page.getByRole("button", { name: "Add rule" }).click();
    await says(page.getByRole("alert"), "No rule was made.");
    await judge(page, "a rule that is not complete");
    await page.getByLabel("For whom").selectOption("An e-mail address");
    await page.getByLabel("E-mail address").fill("dana@hospital-a.example");
    await page.getByRole("checkbox", { name: /^List/ }).check();
    await page.getByRole("button", { name: "Add rule" }).click();
    await says(page.getByRole("status"), "The rule is made and holds from now on.");
    const made = page.getByRole("row").filter({ hasText: "dana@hospital-a.example" });
    await says(made, "New");
    await judge(page, "a rule that was made");
    await made.getByRole("button", { name: "Revoke" }).click();
    await says(page.getByRole("status"), "The rule is revoked.");
    assert.equal(await page.getByRole("row").filter({ hasText: "dana@hospital-a.example" }).count(), 0);
  }));

  it("directories are made, renamed and deleted, after a second look", () => as(browser, {}, async (page) => {
    await signIn(page, demo.university, BEN);
    await page.getByRole("link", { name: "Intake" }).click();
    await heading(page, "Intake").waitFor();
    await page.getByText("New directory here").click();
    await page.getByRole("textbox", { name: "Name" }).fill("drafts of March");
    await page.getByRole("button", { name: "Make directory" }).click();
    await heading(page, "drafts of March").waitFor();
    await page.getByRole("navigation", { name: "Breadcrumbs" }).getByRole("link", { name: "Intake" }).click();

    await page.getByRole("checkbox", { name: "Choose drafts of March" }).check();
    await page.getByRole("button", { name: "Rename" }).click();
    await heading(page, "Rename an entry").waitFor();
    await judge(page, "rename");
    await page.getByLabel("New name of drafts of March").fill("drafts of April");
    await page.getByRole("button", { name: "Rename" }).click();
    await says(page.getByRole("listitem"), "is now called drafts of April.");
    await judge(page, "renamed");
    await page.getByRole("link", { name: "Back to the directory" }).click();

    await page.getByRole("checkbox", { name: "Choose drafts of April" }).check();
    await page.getByRole("button", { name: "Delete" }).click();
    await heading(page, "Delete drafts of April?").waitFor();
    await judge(page, "delete");
    await page.getByRole("link", { name: "Keep it all" }).click();
    await page.getByRole("checkbox", { name: "Choose drafts of April" }).check();
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("button", { name: "Delete for good" }).click();
    await says(page.getByRole("listitem"), "is deleted.");
    await judge(page, "deleted");
    await page.getByRole("link", { name: "Back to the directory" }).click();
    await heading(page, "Intake").waitFor();
    assert.equal(await page.getByRole("checkbox", { name: "Choose drafts of April" }).count(), 0);
  }));

  it("everything can be done with the keyboard alone", () => as(browser, {}, async (page) => {
    await page.goto(demo.hospital);
    const [first, ...more] = await tabTo(page, page.getByRole("link", { name: "Skip to content" }));
    assert.deepEqual(more, [], `the skip link comes first, not ${first}`);
    await page.keyboard.press("Enter");
    assert.equal(await page.evaluate(() => document.activeElement.localName), "main");
    await pressOn(page, page.getByRole("link", { name: "Sign in with Demo identity provider" }));
    await heading(page, "Who are you?").waitFor();
    await pressOn(page, page.getByRole("link", { name: ANA }));
    await heading(page, `Welcome, ${ANA}`).waitFor();
    await pressOn(page, page.getByRole("link", { name: "Chest CT study" }));
    await heading(page, "Chest CT study").waitFor();
    await pressOn(page, page.getByRole("checkbox", { name: "Choose README.txt" }), "Space");
    await whileAnaMayWrite(async () => {
      await pressOn(page, page.getByRole("button", { name: "Transfer what is ticked" }));
      await heading(page, "Where should it go?").waitFor();
      await pressOn(page, page.getByRole("radio", { name: "Intake" }), "Space");
      await tabTo(page, page.getByLabel("Label"));
      await page.keyboard.type("By keyboard");
      await pressOn(page, page.getByRole("button", { name: "Review" }));
      await heading(page, "Review the transfer").waitFor();
      await pressOn(page, page.getByText("What moves"), "Enter");
      await says(page.getByRole("listitem"), "README.txt");
      await pressOn(page, page.getByRole("button", { name: "Start the transfer" }));
      await heading(page, "By keyboard").waitFor();
      await finished(page);
    });
    await pressOn(page, page.getByRole("link", { name: "Receipt and audit entries" }));
    await heading(page, "Receipt: By keyboard").waitFor();
    await pressOn(page, page.getByRole("button", { name: "Sign out" }));
    await heading(page, "Sign in to Hospital A").waitFor();
  }));

  it("from sign-in to the finished transfer nothing needs a script", () => as(browser, { javaScriptEnabled: false }, async (page) => {
    await signIn(page, demo.hospital, ANA);
    await whileAnaMayWrite(async () => {
      await prepare(page, "clinical");
      await review(page);
      await page.getByRole("button", { name: "Start the transfer" }).click();
      await heading(page, "/clinical").waitFor();
      // The page loads itself again: a meta refresh, in noscript.
      await finished(page);
    });
    await page.getByRole("link", { name: "Receipt and audit entries" }).click();
    await heading(page, "Receipt: /clinical").waitFor();
  }));

  it("somebody who uses both sites in one browser is signed in at both", () => as(browser, {}, async (page) => {
    await signIn(page, demo.hospital, ANA);
    await signIn(page, demo.university, BEN);
    await page.goto(demo.hospital);
    await heading(page, `Welcome, ${ANA}`).waitFor();
  }));

  it("a command line is signed in from its page, by somebody who compares the code", () => as(browser, {}, async (page) => {
    const asked = await post("/api/v1/login/device", { client_label: "a terminal in the test" });
    await signIn(page, demo.hospital, ANA);
    await page.goto(`${demo.hospital}/device`);
    await judge(page, "device code");
    await page.getByLabel("Code").fill("BCDF-GHJK");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("alert").waitFor();
    await judge(page, "device code unknown");
    await page.getByLabel("Code").fill(asked.user_code);
    await page.getByRole("button", { name: "Continue" }).click();
    await says(page.getByRole("main"), "a terminal in the test");
    await says(page.getByRole("main"), asked.user_code);
    await judge(page, "device");
    await page.getByRole("button", { name: "Yes, sign it in" }).click();
    await says(page.getByRole("status"), "The command line is signed in as you");
    await judge(page, "device done");
    const { access_token: token } = await post("/api/v1/login/token", { device_code: asked.device_code });
    const me = await fetch(`${demo.hospital}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } });
    assert.equal((await me.json()).email, ANAS_EMAIL);
  }));

  it("what is not there, and who is not signed in, is explained", () => as(browser, {}, async (page, ana) => {
    ana.expect(401);
    await page.goto(`${demo.hospital}/collections`);
    await page.getByRole("link", { name: "Sign in with Demo identity provider" }).waitFor();
    await judge(page, "not signed in");
    await page.getByRole("link", { name: "Sign in with Demo identity provider" }).click();
    await page.getByRole("link", { name: ANA }).click();
    await heading(page, "Collections").waitFor();
    ana.expect(404);
    await page.goto(`${demo.hospital}/collections/nowhere/browse`);
    await says(page.getByRole("main"), "What to do next:");
    await says(page.getByRole("main"), "Reference");
    await judge(page, "an unknown collection");
    await page.goto(`${demo.hospital}/no-such-page`);
    await says(page.getByRole("main"), "Reference");
    await page.getByRole("button", { name: "Sign out" }).waitFor();
    await judge(page, "an unknown page");
  }));
});

async function post(address, body) {
  const answer = await fetch(demo.hospital + address, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body),
  });
  assert.equal(answer.status, 200);
  return answer.json();
}

/** Hold back requests for an address; the answer lets them go. */
async function hold(page, address) {
  let release;
  const released = new Promise((resolve) => { release = resolve; });
  await page.route(address, async (route) => {
    await released;
    await route.continue();
  });
  return release;
}

/** Every text that the count of files takes without the page being loaded. */
async function record(page) {
  const seen = [];
  await page.exposeBinding("seen", (_, text) => seen.push(text));
  await page.addInitScript(() => addEventListener("DOMContentLoaded", () => {
    const files = document.querySelector("[data-stream] [data-field=files]");
    if (files) new MutationObserver(() => window.seen(files.textContent)).observe(files, { childList: true });
  }));
  return seen;
}
