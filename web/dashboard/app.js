// Gantry's dashboard: batches and their tasks as the server tells of them.

import * as api from "./api.js";
import { Chart, duration } from "./chart.js";
import { describe, read_pis } from "./pis.js";
import {
  batch_row, by_id, condition, counts_text, has_ended, make, moment, number, pill, progress,
  refresh_moments, task_row,
} from "./view.js";

const most_batches = 500;
const page_size = 100;
const most_tasks = 1000; // of one answer
const summary_period = 2000;
const drawing_period = 200;

const known = new Map(); // batch id -> batch, newest first when sorted
let older; // the cursor behind the batches that are known
let shown; // the batch in the dialog: { batch, tasks: Map, next_cursor }
let stream;

// The cookie itself is out of a script's sight.
const session = {
  key: "gantry-signed-in",
  get is_open() { return localStorage.getItem(this.key) !== null; },
  set is_open(value) {
    if (value) localStorage.setItem(this.key, "1");
    else localStorage.removeItem(this.key);
    by_id("sign-out").hidden = !value;
  },
};

function announce(text) {
  by_id("announcer").textContent = text;
}

function show_notice(text) {
  by_id("notice").textContent = text;
  by_id("notice").hidden = !text;
}

// Runs what a person has asked for; a refusal is shown, and one for want of a key asks for it.
async function attempt(action) {
  try {
    const result = await action();
    show_notice("");
    return result;
  } catch (error) {
    if (!(error instanceof api.Problem)) throw error;
    if (error.status === 401) ask_for_key();
    else show_notice(error.message);
    return undefined;
  }
}

// A few drawings a second at most, whatever number of events comes.
let is_scheduled = false;
let last_drawing = -Infinity;
const to_draw = new Set();
function draw_soon(part) {
  to_draw.add(part);
  if (is_scheduled) return;
  is_scheduled = true;
  const wait = Math.max(0, last_drawing + drawing_period - performance.now());
  setTimeout(() => requestAnimationFrame(() => {
    is_scheduled = false;
    last_drawing = performance.now();
    const parts = [...to_draw];
    to_draw.clear();
    for (const draw of parts) draw();
  }), wait);
}

// Makes `wanted` the children of `list`; those that stay are not touched.
function put_in_place(list, wanted) {
  const staying = new Set(wanted);
  wanted.forEach((element, i) => {
    const old = list.children[i];
    if (old === element) return;
    if (old && !staying.has(old)) old.replaceWith(element);
    else list.insertBefore(element, old ?? null);
  });
  while (list.children.length > wanted.length) list.lastElementChild.remove();
}

// ---- batches

function draw_batches() {
  const list = by_id("batch-list");
  const sorted = [...known.values()].sort((a, b) => b.created_at - a.created_at);
  for (const batch of sorted.splice(most_batches)) {
    if (has_ended(batch)) known.delete(batch.batch_id);
  }
  const focused = document.activeElement?.closest?.("#batch-list li")?.dataset.id;
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  const wanted = sorted.map((batch) => {
    const old = rows.get(batch.batch_id);
    if (old?.batch === batch) return old;
    const row = batch_row(batch, open_batch);
    row.dataset.id = batch.batch_id;
    row.batch = batch;
    return row;
  });
  put_in_place(list, wanted);
  if (focused && !list.contains(document.activeElement)) {
    list.querySelector(`li[data-id="${CSS.escape(focused)}"] button`)?.focus();
  }
  by_id("no-batches").hidden = wanted.length > 0;
  by_id("more-batches").hidden = !older;
}

function learn(batch) {
  const old = known.get(batch.batch_id);
  const changed = { ...old, ...batch };
  known.set(batch.batch_id, changed);
  if (old && !has_ended(old) && has_ended(changed)) {
    announce(`Batch ${changed.batch_id} has ended: ${counts_text(changed)}`);
  }
  draw_soon(draw_batches);
  return changed;
}

async function load_batches(cursor) {
  const page = await api.batches(cursor);
  for (const batch of page.batches) learn(batch);
  if (cursor || !older) older = page.next_cursor;
  draw_soon(draw_batches);
}

// ---- one batch

function draw_batch() {
  if (!shown) return;
  const { batch } = shown;
  const [word, look] = condition(batch);
  by_id("batch-title").textContent = `Batch ${batch.batch_id}`;
  const facts = make("p", { className: "row" },
    make("span", {}, counts_text(batch)), pill(word, look));
  const times = make("p", { className: "quiet" }, "Begun ", moment(batch.created_at));
  if (has_ended(batch) && batch.completed_at) {
    times.append(", ended ", moment(batch.completed_at),
      ` after ${duration(batch.completed_at - batch.created_at)}`);
  }
  by_id("batch-facts").replaceChildren(facts, progress(batch), times);
  const is_over = has_ended(batch);
  const download = by_id("download");
  download.hidden = batch.completed === 0;
  download.href = api.download_path(batch.batch_id, !is_over);
  download.textContent = is_over ? "Download the ZIP" : "Download what is there";
  by_id("retry").hidden = !is_over || batch.failed === 0;
  by_id("cancel").hidden = is_over || batch.state === "cancelling";
  if (is_over) by_id("confirm").hidden = true;
  by_id("confirm-text").textContent =
    `${number(batch.processing)} of ${number(batch.total_tasks)} exports have not ended. ` +
    "They stop, and what is complete stays.";
}

function draw_tasks() {
  if (!shown) return;
  const table = by_id("tasks");
  const rows = new Map([...table.rows].map((row) => [row.task, row]));
  put_in_place(table, [...shown.tasks.values()].map((task) => {
    const row = rows.get(task) ?? task_row(task);
    row.task = task;
    return row;
  }));
  by_id("more-tasks").hidden = !shown.next_cursor;
}

async function load_tasks(cursor) {
  const id = shown.id;
  const order = by_id("failures-first").checked ? "failures" : undefined;
  const limit = cursor ? page_size : Math.min(Math.max(shown.tasks.size, page_size), most_tasks);
  const { tasks, next_cursor, ...batch } = await api.batch(id, { cursor, order, limit });
  if (shown?.id !== id) return;
  const before = new Map(shown.tasks);
  if (!cursor) shown.tasks.clear();
  for (const task of tasks ?? []) {
    const old = before.get(task.task_id);
    // Its row stays as it is, with the focus that it may have.
    const is_same = old && JSON.stringify(old) === JSON.stringify(task);
    shown.tasks.set(task.task_id, is_same ? old : task);
  }
  shown.next_cursor = next_cursor;
  shown.batch = learn({ ...batch, batch_id: id });
  draw_soon(draw_batch);
  draw_soon(draw_tasks);
}

async function open_batch(id) {
  shown = { id, batch: known.get(id) ?? { batch_id: id }, tasks: new Map(), next_cursor: undefined };
  by_id("confirm").hidden = true;
  by_id("tasks").replaceChildren();
  const is_there = await attempt(async () => {
    await load_tasks();
    return true;
  });
  if (!is_there || shown?.id !== id) return;
  history.replaceState(null, "", `#batch=${encodeURIComponent(id)}`);
  draw_batch();
  if (!by_id("batch").open) by_id("batch").showModal();
}

function open_batch_of_address() {
  const id = new URLSearchParams(location.hash.slice(1)).get("batch");
  if (id && shown?.id !== id) open_batch(id);
}

by_id("batch").addEventListener("close", () => {
  shown = undefined;
  history.replaceState(null, "", location.pathname);
});
by_id("close-batch").onclick = () => by_id("batch").close();
by_id("more-batches").onclick = () => attempt(() => load_batches(older));
by_id("more-tasks").onclick = () => attempt(() => load_tasks(shown.next_cursor));
by_id("failures-first").onchange = () => attempt(() => load_tasks());

by_id("retry").onclick = () => attempt(async () => {
  const { id, batch } = shown;
  await api.retry(id);
  announce(`Retrying what failed of batch ${batch.batch_id}`);
  await load_tasks();
  by_id("close-batch").focus();
});

by_id("cancel").onclick = () => {
  by_id("confirm").hidden = false;
  by_id("confirm-no").focus();
};
by_id("confirm-no").onclick = () => {
  by_id("confirm").hidden = true;
  by_id("cancel").focus();
};
by_id("confirm-yes").onclick = () => attempt(async () => {
  await api.cancel(shown.id);
  by_id("confirm").hidden = true;
  announce(`Batch ${shown.id} is being cancelled`);
  by_id("close-batch").focus();
  await load_tasks();
});

// ---- events

const asked = new Set(); // batches that an event has named and the page does not know yet

async function ask_about(id) {
  if (asked.has(id)) return;
  asked.add(id);
  try {
    const { tasks, next_cursor, ...batch } = await api.batch(id, { limit: 1 });
    learn({ ...batch, batch_id: id });
  } catch (error) {
    if (!(error instanceof api.Problem)) throw error;
  } finally {
    asked.delete(id);
  }
}

function take_event(name, event) {
  const id = event.batch_id;
  if (!id || id === "single") return;
  if (!known.has(id)) {
    ask_about(id);
    return;
  }
  const change = { batch_id: id, ...event.counts };
  if (name === "batch") {
    change.state = event.state;
    if (event.counts?.processing === 0) change.completed_at = event.at;
  }
  const batch = learn(change);
  if (shown?.id !== id) return;
  shown.batch = batch;
  draw_soon(draw_batch);
  const task = shown.tasks.get(event.task_id);
  if (name !== "task" || !task) return;
  const { state, status, error } = event;
  const begins = state === "running" && task.state !== "running";
  const attempts = (task.attempts ?? 0) + (begins ? 1 : 0);
  shown.tasks.set(task.task_id, { ...task, state, status, error, attempts });
  draw_soon(draw_tasks);
  if (status === "success" || status === "error") reload_tasks_soon();
}

// Sizes are not in the events.
let is_reload_due = false;
function reload_tasks_soon() {
  if (is_reload_due) return;
  is_reload_due = true;
  setTimeout(() => {
    is_reload_due = false;
    if (shown && shown.tasks.size <= most_tasks) load_tasks().catch(() => {});
  }, 1500);
}

function show_connection(word, look) {
  const element = by_id("connection");
  if (element.textContent === word) return;
  element.textContent = word;
  element.className = `pill ${look}`;
}

function start_stream() {
  if (stream) {
    stream.again();
    return;
  }
  stream = api.listen({
    opened: async () => {
      show_connection("Live", "good");
      await load_batches().catch(() => {});
      if (shown) await load_tasks().catch(() => {});
    },
    event: take_event,
    lost: () => show_connection("Reconnecting", "warn"),
  });
}

// ---- now

const chart = new Chart(by_id("chart"));

async function refresh_summary() {
  if (document.hidden) return;
  const now = await api.summary();
  by_id("total-running").textContent = number(now.running);
  by_id("total-queued").textContent = number(now.queued);
  by_id("total-finished").textContent = number(now.finished_last_minute);
  by_id("total-wait").textContent = duration(now.median_wait_ms);
  by_id("total-launches").textContent = now.launch_rate > 0 ? number(now.launch_rate) : "no limit";
  chart.add(Date.now(), now.finished_last_minute ?? 0, now.median_wait_ms ?? 0);
}

setInterval(() => refresh_summary().catch(() => {}), summary_period);
setInterval(refresh_moments, 30_000);

// ---- the form

function count_pis() {
  const read = read_pis(by_id("pis").value);
  by_id("pis-count").textContent = describe(read);
  by_id("pis-count").classList.toggle("bad-text", read.malformed.length > 0);
  return read;
}

function show_faults(faults) {
  const list = by_id("pis-errors");
  list.replaceChildren(...faults.map((fault) => make("li", {}, fault)));
  list.hidden = faults.length === 0;
  by_id("pis").setAttribute("aria-invalid", String(faults.length > 0));
}

// "/pis/3" of the request becomes the PI itself.
function describe_fault({ pointer, detail }, pis) {
  const place = /^\/pis\/(\d+)$/.exec(pointer ?? "");
  const name = place ? pis[Number(place[1])] : (pointer ?? "").slice(1);
  return name ? `${name}: ${detail}` : detail;
}

by_id("pis").oninput = () => {
  show_faults([]);
  count_pis();
};

by_id("file").onchange = async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  if (file.size > 4_000_000) {
    show_faults([`${file.name} is larger than 4 MB`]);
    return;
  }
  const text = await file.text();
  const area = by_id("pis");
  area.value = area.value ? `${area.value.trimEnd()}\n${text}` : text;
  event.target.value = "";
  show_faults([]);
  announce(`From ${file.name}: ${describe(count_pis())}`);
};

by_id("recursive").onchange = (event) => {
  by_id("max-depth").disabled = !event.target.checked;
};
by_id("max-depth").disabled = true;

function options_of_form() {
  const recursive = by_id("recursive").checked;
  const options = { recursive, includeOcr: by_id("include-ocr").checked };
  if (recursive) options.maxDepth = Number(by_id("max-depth").value);
  return options;
}

by_id("form").onsubmit = async (event) => {
  event.preventDefault();
  const { pis, malformed } = count_pis();
  if (malformed.length > 0 || pis.length === 0) {
    const some = malformed.slice(0, 5).map((word) => `${word.slice(0, 60)}: is not a PI`);
    show_faults(some.length ? some : ["Give at least one PI"]);
    by_id("pis").focus();
    return;
  }
  const depth = by_id("max-depth");
  if (!depth.disabled && !depth.checkValidity()) {
    depth.reportValidity();
    return;
  }
  const format = by_id("form").elements.format.value;
  by_id("send").disabled = true;
  try {
    const begun = await api.submit(format, pis, options_of_form());
    by_id("pis").value = "";
    count_pis();
    show_faults([]);
    show_notice("");
    announce(`Batch ${begun.batch_id} has begun with ${number(pis.length)} exports`);
    await ask_about(begun.batch_id);
  } catch (error) {
    if (!(error instanceof api.Problem)) throw error;
    if (error.status === 401) ask_for_key();
    const faults = error.errors.slice(0, 10).map((fault) => describe_fault(fault, pis));
    show_faults(faults.length ? faults : [error.message]);
    by_id("pis").focus();
  } finally {
    by_id("send").disabled = false;
  }
};

// ---- the key

function ask_for_key() {
  session.is_open = false;
  by_id("sign-in").hidden = false;
  if (!by_id("key-dialog").open) by_id("key-dialog").showModal();
}

by_id("sign-in").onclick = ask_for_key;
by_id("key-cancel").onclick = () => by_id("key-dialog").close();

by_id("key-form").onsubmit = async (event) => {
  event.preventDefault();
  const key = by_id("key").value;
  by_id("key").value = "";
  try {
    await api.sign_in(key);
  } catch (error) {
    if (!(error instanceof api.Problem)) throw error;
    by_id("key-error").textContent =
      error.status === 401 ? "The server does not know this key" : error.message;
    by_id("key").focus();
    return;
  }
  session.is_open = true;
  by_id("key-error").textContent = "";
  by_id("sign-in").hidden = true;
  by_id("key-dialog").close();
  await begin();
};

by_id("sign-out").onclick = () => attempt(async () => {
  await api.sign_out();
  session.is_open = false;
  location.reload();
});

// ---- the beginning

async function begin() {
  const is_allowed = await attempt(async () => {
    await load_batches();
    return true;
  });
  if (!is_allowed) {
    show_connection("Not connected", "warn");
    if (!by_id("key-dialog").open) setTimeout(begin, 5000);
    return;
  }
  by_id("sign-out").hidden = !session.is_open;
  start_stream();
  refresh_summary().catch(() => {});
  open_batch_of_address();
}

addEventListener("hashchange", open_batch_of_address);
begin();
