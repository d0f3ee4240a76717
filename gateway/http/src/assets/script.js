// An enhancement, never a condition: every page does its work without this file.
// It sets text and attributes of elements that are there; it never makes markup from strings (Trusted Types).
"use strict";

// A task's page: live figures from the task's event stream.
function follow(region) {
  const field = (name) => region.querySelector(`[data-field="${name}"]`);
  const bar = region.querySelector("progress");
  const status = region.querySelector("output");
  const say = (name, text) => { const at = field(name); if (at && at.textContent !== text) at.textContent = text; };
  let spoken = Math.floor((bar.max ? bar.value / bar.max : 0) * 4);
  let ended = false;

  // Every state's words are on the page already: those of the present one are shown. A change is heard, too.
  function stand(now) {
    const words = [...document.querySelectorAll("[data-when]")];
    const shown = words.filter((each) => each.dataset.when === now);
    if (shown.length === 0 || !shown[0].hidden) return;
    words.forEach((each) => { each.hidden = !shown.includes(each); });
    status.textContent = shown[0].textContent;
  }

  function amount(bytes) {
    const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
    let unit = 0;
    while (bytes >= 1024 && unit < units.length - 1) { bytes /= 1024; unit += 1; }
    return unit === 0 ? `${bytes} B` : `${bytes.toFixed(bytes < 10 ? 2 : bytes < 100 ? 1 : 0)} ${units[unit]}`;
  }

  const stream = new EventSource(region.dataset.stream);
  stream.addEventListener("progress", (event) => {
    const task = JSON.parse(event.data);
    const now = task.progress;
    if (now.bytes_total > 0) { bar.max = now.bytes_total; bar.value = now.bytes_done; }
    const more = now.expanded ? "" : " so far";
    say("files", `${now.files_done} of ${now.files_total}${more}`);
    say("bytes", `${amount(now.bytes_done)} of ${amount(now.bytes_total)}${more}`);
    say("lanes", String(now.lanes));
    say("status", task.nice_status);
    stand(task.reason ? `${task.state} ${task.reason}` : task.state);
    // Heard, not only seen, but at quarters only: a screen reader must not talk without end.
    const quarter = bar.max ? Math.floor((bar.value / bar.max) * 4) : 0;
    if (quarter > spoken) { spoken = quarter; status.textContent = `${quarter * 25} percent`; }
  });
  stream.addEventListener("event", (event) => {
    const what = JSON.parse(event.data);
    const list = document.querySelector("[data-events]");
    if (!list || list.querySelector(`[data-sequence="${what.sequence}"]`)) return;
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.dateTime = what.at;
    time.textContent = what.at.slice(0, 19).replace("T", " ") + " UTC";
    item.dataset.sequence = what.sequence;
    if (what.is_error) item.className = "bad";
    item.append(time, (what.is_error ? "Fault: " : "") + what.message);
    list.append(item);
  });
  stream.addEventListener("end", () => {
    ended = true;
    stream.close();
    location.reload();
  });
  stream.addEventListener("error", () => {
    if (!ended && stream.readyState === EventSource.CLOSED) status.textContent = "Live updates have ended. Reload the page to see where the task stands.";
  });
}

// A listing: one box that ticks all, and a count of what is ticked.
function choose(form) {
  const all = form.querySelector("[data-all]");
  const count = form.querySelector("[data-count]");
  const boxes = [...form.querySelectorAll("input[name=item]")];
  if (!all || boxes.length === 0) return;
  all.hidden = false;
  const box = all.querySelector("input");
  const show = () => {
    const ticked = boxes.filter((each) => each.checked).length;
    box.checked = ticked === boxes.length;
    box.indeterminate = ticked > 0 && ticked < boxes.length;
    count.textContent = ticked === 1 ? "1 chosen" : `${ticked} chosen`;
  };
  box.addEventListener("change", () => { boxes.forEach((each) => { each.checked = box.checked; }); show(); });
  form.addEventListener("change", show);
  show();
}

document.querySelectorAll("[data-stream]").forEach(follow);
document.querySelectorAll("form[data-choose]").forEach(choose);
