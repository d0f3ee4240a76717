// A person without a mouse: Tab until the thing has the focus, then Enter or Space.
//
// On the way every stop must be visible: it has an outline (WCAG 2.4.7) and lies in the window (2.4.11).
import assert from "node:assert/strict";

// More stops than any page has: whoever tabs this often has gone around without finding it.
const STOPS = 120;

/** Tab to an element. */
export async function tabTo(page, locator) {
  const stops = [];
  for (let stop = 0; stop < STOPS; stop += 1) {
    await page.keyboard.press("Tab");
    const { text, outline, visible } = await page.evaluate(focus);
    stops.push(text);
    if (text === "BODY") continue;
    assert.notEqual(outline, "none", `the focus cannot be seen on ${text}`);
    assert.ok(visible, `the focus is outside the window on ${text}`);
    if (await locator.evaluate((element) => element === document.activeElement)) return stops;
  }
  return assert.fail(`${locator} cannot be reached with Tab; the stops were:\n${stops.join("\n")}`);
}

/** Tab to an element and press a key on it. */
export async function pressOn(page, locator, key = "Enter") {
  await tabTo(page, locator);
  await page.keyboard.press(key);
}

function focus() {
  const at = document.activeElement;
  if (at === null || at === document.body) return { text: "BODY" };
  const box = at.getBoundingClientRect();
  const visible = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  return { text: at.outerHTML.slice(0, 100), outline: getComputedStyle(at).outlineStyle, visible };
}
