// The report around the pictures: header, totals, configurations, timeline. Names and messages come
// from elsewhere: they are only ever put in as text.
const { report, pictures } = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);

// An element with classes and children; a string becomes a text node.
function make(tag, classes = "", ...children) {
  const element = document.createElement(tag);
  if (classes) element.className = classes;
  element.append(...children);
  return element;
}

const count = new Intl.NumberFormat("en").format;
const plural = (number, one, many = one + "s") => `${count(number)} ${number === 1 ? one : many}`;
const sum = (list, value) => list.reduce((total, item) => total + value(item), 0);

function time(seconds) {
  if (seconds > 0 && seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${+seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function bytes(number) {
  for (const unit of ["B", "kB", "MB"]) {
    if (number < 1000) return `${number < 10 ? +number.toFixed(1) : Math.round(number)} ${unit}`;
    number /= 1000;
  }
  return `${number.toFixed(1)} GB`;
}

// The items in portions, with a button for more.
function in_portions(parent, tag, items, portion, render) {
  const place = parent.appendChild(make(tag));
  const more = make("button", "plain more");
  more.type = "button";
  let shown = 0;
  const show = () => {
    const list = items.slice(shown, shown + portion);
    place.append(...list.map(render));
    shown += list.length;
    const left = items.length - shown;
    more.textContent = `Show ${count(Math.min(left, portion))} more of ${count(left)}`;
    more.hidden = left === 0;
  };
  more.addEventListener("click", show);
  show();
  parent.append(more);
  return place;
}

function show_header() {
  const start = new Date(report.startTime);
  const started = start.toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
  by("facts").textContent = `${started} · took ${time(report.duration)}`;
  document.title = `Gantry report, ${started}`;
  const failed = report.failureCount;
  const good = failed === 0 && !report.interrupted;
  by("outcome").className = good ? "good" : "bad";
  by("outcome").textContent = failed
    ? `${count(failed)} of ${plural(report.totalConfigs, "configuration")} failed`
    : good ? "All succeeded" : "Interrupted";
  const notices = [];
  if (report.interrupted) {
    notices.push(`The run was interrupted (${report.interrupted}): what had not been published is not here.`);
  }
  if (report.dryRun) notices.push("A dry run: nothing was written. Files show what a run would do.");
  by("notices").append(...notices.map((text) => make("p", "notice", text)));
  by("footer").textContent =
    `Written by Gantry ${report.gantryVersion}. This page holds all it shows and loads nothing.`;
}

function show_totals() {
  const { totals, results, waits } = report;
  const kinds = results.flatMap((job) => job.kinds);
  const files = (state) => sum(kinds, (kind) => kind.files[state]);
  const waited = sum(waits, (wait) => wait.end - wait.begin);
  const tiles = [
    ["Configurations", count(report.totalConfigs),
      report.failureCount ? `${count(report.failureCount)} failed` : "none failed",
      report.failureCount ? "bad-text" : ""],
    ["Exported", count(sum(kinds, (kind) => kind.exported)),
      [...new Set(kinds.map((kind) => kind.kind))].slice(0, 4).join(", ")],
    ["Files changed", count(files("added") + files("changed") + files("removed")),
      `+${count(files("added"))} ~${count(files("changed"))} −${count(files("removed"))} =${count(files("unchanged"))}`],
    ["API calls", count(totals.apiCalls),
      totals.retries ? `${count(totals.retries)} of them retries` : "no retries"],
    ["Downloads", count(totals.downloads), `${count(totals.cacheHits)} from the cache`],
    ["Transferred", bytes(totals.bytes), "received"],
    ["Stood still", time(waited), plural(waits.length, "pause")],
  ];
  by("totals").append(...tiles.map(([label, value, more, colour]) =>
    make("li", "", make("span", "label", label), make("span", `value ${colour || ""}`, value),
      make("span", "more", more))));
}

function kind_chips(job) {
  const chips = job.kinds.map((kind) =>
    make("span", "chip", kind.skipped ? `${kind.kind}: up to date` : `${count(kind.exported)} ${kind.kind}`));
  for (const [state, sign] of [["added", "+"], ["changed", "~"], ["removed", "−"]]) {
    const number = sum(job.kinds, (kind) => kind.files[state]);
    if (!number) continue;
    const chip = make("span", `chip ${state}`, sign + count(number));
    chip.title = `${plural(number, "file")} ${state}`;
    chips.push(chip);
  }
  if (job.errors.length) chips.push(make("span", "chip failed", plural(job.errors.length, "error")));
  return make("span", "chips", ...chips);
}

function error_item(error) {
  const about = make("div", "about", make("span", "code", error.code.replaceAll("_", " ")));
  if (error.component) about.append(make("span", "name", error.component));
  const facts = [error.kind, error.file && `file ${error.file}`,
    error.httpStatus && `HTTP ${error.httpStatus}`].filter(Boolean);
  if (facts.length) about.append(make("span", "quiet name", facts.join(" · ")));
  return make("li", "", about, make("pre", "", error.message));
}

function file_list(title, paths) {
  const list = make("details", "files", make("summary", "", title));
  list.addEventListener("toggle", () => {
    in_portions(list, "ul", paths, 500, (path) => make("li", "path", path)).className = "paths";
  }, { once: true });
  return list;
}

function job_body(job) {
  const { costs } = job;
  const body = make("div", "body");
  if (job.errors.length) {
    in_portions(body.appendChild(make("div")), "ul", job.errors, 50, error_item).className = "errors";
  }
  const list = [["Path", job.path], ["Calls paid", count(costs.callsPaid)],
    ["Calls shared", count(costs.callsShared)], ["Retries", count(costs.retries)],
    ["Downloads", count(costs.downloads)], ["From the cache", count(costs.cacheHits)],
    ["Transferred", bytes(costs.bytes)]];
  body.append(make("dl", "costs", ...list.map(([name, value]) =>
    make("div", "", make("dt", "", name), make("dd", name === "Path" ? "path" : "", value)))));
  const files = make("div");
  for (const kind of job.kinds) {
    for (const state of ["added", "changed", "removed"]) {
      if (!kind[state].length) continue;
      files.append(file_list(`${kind.kind}: ${plural(kind[state].length, "file")} ${state}`, kind[state]));
    }
    if (kind.kept.length) {
      files.append(file_list(`${kind.kind}: ${plural(kind.kept.length, "file")} kept although no longer exported`,
        kind.kept.map((file) => `${file.path}: ${file.reason}`)));
    }
  }
  if (files.children.length) body.append(files);
  return body;
}

function job_row(job, open) {
  const kept = sum(job.kinds, (kind) => kind.kept.length);
  const changes = sum(job.kinds, (kind) => kind.added.length + kind.changed.length + kind.removed.length);
  const [sign, look, meaning] = !job.success ? ["✗", "bad", "failed"]
    : changes || kept ? ["✓", "good", "succeeded"] : ["=", "same", "nothing has changed"];
  const state = make("span", `state ${look}`, sign);
  state.title = meaning;
  state.setAttribute("role", "img");
  state.setAttribute("aria-label", meaning);
  const row = make("details", "job", make("summary", "", state, make("span", "title name", job.name),
    kind_chips(job), make("span", "grow"), make("span", "number quiet", time(job.duration))));
  row.addEventListener("toggle", () => row.append(job_body(job)), { once: true });
  row.open = open;
  return row;
}

function show_jobs() {
  let to_open = 5;
  const rows = [...report.results];
  if (!rows.length) by("jobs").append(make("p", "quiet", "No configuration was run."));
  else in_portions(by("jobs"), "div", rows, 200, (job) => job_row(job, !job.success && to_open-- > 0)).className = "rows";
}

const reasons = { "rate limit": ["the server had asked for a pause (429)", "paused"],
  "budget spent": ["the budget of calls was spent", "spent"] };

// Steps of 1, 2 or 5, of which about `wanted` fit.
function step_for(total, wanted) {
  const rough = total / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= rough);
}

function placed(element, total, begin, end) {
  const from = Math.max(0, begin);
  element.style.left = `${(100 * from) / total}%`;
  if (end !== undefined) element.style.width = `${(100 * Math.max(0, end - from)) / total}%`;
  return element;
}

const known_phases = ["listing", "waiting", "downloading", "writing"];
const phase_text = (phase) => `${phase.name}: ${time(phase.end - phase.begin)} (from ${time(phase.begin)} to ${time(phase.end)})`;
const wait_text = (wait) => `all stand still for ${time(wait.end - wait.begin)}: ${reasons[wait.reason][0]}`;

function lane_of(job, total) {
  const track = make("div", "track", ...job.phases.map((phase) => placed(
    make("div", `phase ${known_phases.includes(phase.name) ? phase.name : ""}`), total, phase.begin, phase.end)));
  const lane = make("div", "lane", make("div", "label name", job.name), track);
  lane.tabIndex = 0;
  lane.setAttribute("role", "img");
  lane.setAttribute("aria-label", [job.name, ...job.phases.map(phase_text)].join(", "));
  return lane;
}

function show_tip(text, x, y) {
  const tip = by("tip");
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = `${Math.max(8, Math.min(x + 14, innerWidth - box.width - 8))}px`;
  tip.style.top = `${y + 20 + box.height > innerHeight ? y - box.height - 12 : y + 20}px`;
}
const hide_tip = () => { by("tip").hidden = true; };

// What a lane was doing at the time under the pointer, with a few pixels of patience.
function add_tips(lane, job, total) {
  const track = lane.lastChild;
  lane.addEventListener("pointermove", (event) => {
    const box = track.getBoundingClientRect();
    const at = ((event.clientX - box.left) / box.width) * total;
    const near = (4 / box.width) * total;
    const here = (span) => at >= span.begin - near && at <= span.end + near;
    const lines = [...job.phases.filter(here).map(phase_text), ...report.waits.filter(here).map(wait_text)];
    show_tip([job.name, ...lines].join("\n"), event.clientX, event.clientY);
  });
  lane.addEventListener("pointerleave", hide_tip);
  lane.addEventListener("focus", () => {
    if (!lane.matches(":focus-visible")) return;
    const box = lane.getBoundingClientRect();
    show_tip([job.name, ...job.phases.map(phase_text)].join("\n"), box.left, box.bottom - 18);
  });
  lane.addEventListener("blur", hide_tip);
}

function show_legend(jobs) {
  const names = [...new Set(jobs.flatMap((job) => job.phases.map((phase) => phase.name)))];
  const entry = (look, text) => make("span", "", make("i", look), text);
  by("legend").append(...names.map((name) => entry(known_phases.includes(name) ? name : "waiting", name)));
  for (const [reason, [text, look]] of Object.entries(reasons)) {
    if (report.waits.some((wait) => wait.reason === reason)) {
      by("legend").append(entry(`band ${look}`, `all stand still: ${text}`));
    }
  }
}

function show_timeline() {
  const jobs = report.results.filter((job) => job.phases.length);
  const ends = [...jobs.flatMap((job) => job.phases), ...report.waits].map((span) => span.end);
  const total = ends.reduce((last, end) => Math.max(last, end), report.duration);
  if (!jobs.length || !(total > 0)) return;
  by("timeline").hidden = false;
  show_legend(jobs);
  const axis = make("div", "axis");
  const over = make("div", "over");
  const step = step_for(total, by("chart").clientWidth < 600 ? 3 : 8);
  for (let at = 0; at <= total * 1.0001; at += step) {
    const tick = placed(make("span", at > total * 0.93 ? "last" : "", at ? time(at) : "0"), total, at);
    axis.append(tick);
    over.append(placed(make("div", "tick"), total, at));
  }
  for (const wait of report.waits) {
    over.append(placed(make("div", `band ${reasons[wait.reason][1]}`), total, wait.begin, wait.end));
  }
  const lanes = jobs.map((job) => {
    const lane = lane_of(job, total);
    add_tips(lane, job, total);
    return lane;
  });
  by("chart").append(make("div", "inner", axis, ...lanes, over));
  const waited = (reason) => sum(report.waits.filter((wait) => wait.reason === reason), (wait) => wait.end - wait.begin);
  const texts = Object.keys(reasons).filter(waited).map((reason) =>
    `for ${time(waited(reason))} because ${reasons[reason][0]}`);
  by("waits").textContent = texts.length ? `Nothing could be asked ${texts.join(", and ")}.`
    : "No limit stood in the way of this run.";
}

show_header();
show_totals();
show_jobs();
show_timeline();
