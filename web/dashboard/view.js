// How a batch and its tasks look. All that comes from the server becomes text, never markup.

import { task_path } from "./api.js";

export const by_id = (id) => document.getElementById(id);

export function make(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in element) element[key] = value;
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const count = new Intl.NumberFormat("en");
export const number = (value) => (Number.isFinite(value) ? count.format(value) : "–");

const exact = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

function ago(at) {
  const seconds = (at - Date.now()) / 1000;
  for (const [unit, size] of [["day", 86400], ["hour", 3600], ["minute", 60]]) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return "just now";
}

export function moment(at) {
  if (!Number.isFinite(at)) return make("span", {}, "–");
  const date = new Date(at);
  return make("time", { dateTime: date.toISOString(), title: exact.format(date) }, ago(at));
}

// What was "just now" is so no more.
export function refresh_moments() {
  for (const element of document.querySelectorAll("time")) {
    element.textContent = ago(Date.parse(element.dateTime));
  }
}

export function bytes(size) {
  if (!Number.isFinite(size)) return "";
  const units = ["B", "kB", "MB", "GB", "TB"];
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    ++unit;
  }
  return `${unit && size < 10 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

export const has_ended = (batch) => !(batch.processing > 0);

// What a batch is, in one word, with the look it has.
export function condition(batch) {
  if (!has_ended(batch)) {
    return batch.state === "cancelling" ? ["cancelling", "warn"] : ["running", "busy"];
  }
  if (batch.state === "cancelled") return ["cancelled", "warn"];
  if (!batch.failed) return ["complete", "good"];
  return batch.completed ? ["partly failed", "warn"] : ["failed", "bad"];
}

export function pill(text, look) {
  return make("span", { className: `pill ${look}` }, text);
}

export function progress(batch) {
  const bar = make("span", { className: "bar" });
  bar.setAttribute("role", "img");
  bar.setAttribute("aria-label",
    `${number(batch.completed)} of ${number(batch.total_tasks)} complete, ${number(batch.failed)} failed`);
  const rest = batch.state === "cancelled" ? "warn" : "bad";
  for (const [name, value] of [["good", batch.completed], [rest, batch.failed]]) {
    const piece = make("i", { className: name });
    piece.style.width = `${(100 * value) / Math.max(batch.total_tasks, 1)}%`;
    bar.append(piece);
  }
  return bar;
}

export function counts_text(batch) {
  const parts = [`${number(batch.completed)} of ${number(batch.total_tasks)} complete`];
  if (batch.failed) {
    const word = batch.state === "cancelled" ? "cancelled or failed" : "failed";
    parts.push(`${number(batch.failed)} ${word}`);
  }
  if (batch.processing) parts.push(`${number(batch.processing)} to go`);
  return parts.join(", ");
}

export function batch_row(batch, open) {
  const [word, look] = condition(batch);
  const button = make("button", { className: "batch card", onclick: () => open(batch.batch_id) },
    make("span", { className: "row" },
      make("span", { className: "name" }, batch.batch_id),
      pill(word, look)),
    progress(batch),
    make("span", { className: "row quiet" },
      make("span", {}, counts_text(batch)),
      make("span", {}, `${batch.format ?? ""} · `, moment(batch.created_at))));
  return make("li", {}, button);
}

const looks = { success: "good", error: "bad", cancelled: "warn", expired: "warn", running: "busy" };

export function task_row(task) {
  const state = task.state ?? task.status;
  const look = looks[state] ?? (task.status === "error" ? "bad" : "waiting");
  const name = task.status === "success"
    ? make("a", { href: task_path(task.task_id), download: "" }, task.pi ?? task.name ?? task.task_id)
    : task.pi ?? task.name ?? task.task_id;
  const row = make("tr", { className: task.status },
    make("th", { scope: "row", className: "name" }, name),
    make("td", {}, pill(state, look)),
    make("td", { className: "number" }, number(task.attempts)),
    make("td", { className: "number" }, bytes(task.output_file_size)));
  if (task.error) {
    row.cells[1].append(make("p", { className: "reason" }, task.error));
  }
  return row;
}
