// A line for what has ended a minute, an area for the waits; each on its own scale from zero.

const svg = "http://www.w3.org/2000/svg";
const height = 160;
const edge = { left: 44, right: 56, top: 12, bottom: 22 };
const most_points = 450;

function make(name, attributes, text) {
  const element = document.createElementNS(svg, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
}

// A round number at or above `value`.
export function ceiling(value) {
  if (!(value > 0)) return 1;
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((factor) => factor * step).find((round) => round >= value);
}

export function duration(milliseconds) {
  if (!(milliseconds >= 0)) return "–";
  if (milliseconds < 950) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  return `${Math.round(seconds / 3600)} h`;
}

export class Chart {
  constructor(element) {
    this.element = element;
    this.points = [];
    new ResizeObserver(() => this.draw()).observe(element);
  }

  add(at, finished, wait) {
    this.points.push({ at, finished, wait });
    // Every second point of the older half goes, so that the line spans all the time.
    if (this.points.length > most_points) {
      const half = this.points.length / 2;
      this.points = this.points.filter((_, i) => i > half || i % 2 === 0);
    }
    this.draw();
  }

  draw() {
    const { points } = this;
    const width = this.element.clientWidth;
    if (points.length === 0 || width === 0) return;
    const now = points.at(-1).at;
    const span = Math.max(now - points[0].at, 60_000);
    const most_finished = ceiling(Math.max(...points.map((point) => point.finished)));
    const most_wait = ceiling(Math.max(...points.map((point) => point.wait)));
    const bottom = height - edge.bottom;
    const x = (at) => width - edge.right - ((now - at) / span) * (width - edge.left - edge.right);
    const y = (share) => bottom - share * (bottom - edge.top);
    const place = (point, share) => `${x(point.at).toFixed(1)},${y(share).toFixed(1)}`;
    const parts = [];
    for (const share of [0, 0.5, 1]) {
      parts.push(make("line", { class: "grid", x1: edge.left, x2: width - edge.right, y1: y(share), y2: y(share) }));
      parts.push(make("text", { class: "left", x: edge.left - 8, y: y(share) + 4 }, most_finished * share));
      parts.push(make("text", { class: "right", x: width - edge.right + 8, y: y(share) + 4 }, duration(most_wait * share)));
    }
    parts.push(make("text", { class: "start", x: edge.left, y: height - 5 }, `${duration(span)} ago`));
    parts.push(make("text", { class: "end", x: width - edge.right, y: height - 5 }, "now"));
    const waits = points.map((point) => place(point, point.wait / most_wait));
    const ends = `${x(now)},${bottom} ${x(points[0].at).toFixed(1)},${bottom}`;
    parts.push(make("polygon", { class: "wait", points: `${waits.join(" ")} ${ends}` }));
    parts.push(make("polyline", { class: "finished", points: points.map((point) => place(point, point.finished / most_finished)).join(" ") }));
    this.element.replaceChildren(...parts);
    const last = points.at(-1);
    this.element.setAttribute("aria-label",
      `${last.finished} tasks ended in the last minute, the most was ` +
      `${Math.max(...points.map((point) => point.finished))}; the median wait is ${duration(last.wait)}`);
  }
}
