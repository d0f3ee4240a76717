// What every page must hold, in light and dark, wide and narrow: axe-core finds nothing, and nothing overflows.
//
// axe-core does not see that a page scrolls sideways at 320 pixels (WCAG 1.4.10), so that is measured here.
// With $SEALANE_SHOTS set to a directory, each look is kept there as a picture.
import assert from "node:assert/strict";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";

const TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const SCHEMES = ["light", "dark"];
const WIDTHS = [1280, 320];
const HEIGHT = 800;

/** Judge a page in every scheme and width; `name` is what failures call it. */
export async function judge(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: HEIGHT });
    for (const colorScheme of SCHEMES) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      const look = `${name}, ${colorScheme}, ${width} px`;
      await picture(page, `${name}-${colorScheme}-${width}`);
      await fits(page, look);
      await axe(page, look);
    }
  }
  await page.setViewportSize({ width: WIDTHS[0], height: HEIGHT });
  await page.emulateMedia({ colorScheme: SCHEMES[0] });
}

async function axe(page, look) {
  // Without the second page that axe-core opens for frames: ours have none.
  const { violations, passes } = await new AxeBuilder({ page }).withTags(TAGS).setLegacyMode().analyze();
  const found = violations.flatMap(({ id, help, nodes }) =>
    nodes.map((node) => `${id}: ${help}\n  ${node.html}\n  ${node.failureSummary}`));
  assert.deepEqual(found, [], look);
  assert.ok(passes.length > 0, `${look}: axe-core judged nothing`);
}

async function fits(page, look) {
  const { wide, seen, widest } = await page.evaluate(() => {
    const root = document.documentElement;
    const beyond = [...document.body.querySelectorAll("*")].filter((each) =>
      each.getBoundingClientRect().right > root.clientWidth + 1 && !each.closest(".scroll, pre, .hidden, .skip"));
    return { wide: root.scrollWidth, seen: root.clientWidth, widest: beyond.map((each) => each.outerHTML.slice(0, 120)) };
  });
  assert.ok(wide <= seen, `${look}: the page is ${wide} px wide in a window of ${seen} px:\n${widest.join("\n")}`);
}

async function picture(page, name) {
  const folder = process.env.SEALANE_SHOTS;
  if (folder) await page.screenshot({ path: join(folder, `${name.replaceAll(/\W+/g, "-")}.png`), fullPage: true });
}
