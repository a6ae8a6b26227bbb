// The server's API as this page uses it: questions, and one stream of events.

export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail || body?.error || `the server answered ${status}`);
    this.status = status;
    this.errors = Array.isArray(body?.errors) ? body.errors : [];
  }
}

async function ask(path, { method = "GET", body } = {}) {
  const options = { method, headers: { Accept: "application/json" }, cache: "no-store" };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Problem(0, { detail: "the server cannot be reached" });
  }
  const text = await response.text();
  let value = null;
  try {
    value = text ? JSON.parse(text) : null;
  } catch {
    if (response.ok) throw new Problem(response.status, { detail: "the server's answer is no JSON" });
  }
  if (!response.ok) throw new Problem(response.status, value);
  return value;
}

const part = encodeURIComponent;

function query(values) {
  const known = Object.entries(values).filter(([, value]) => value !== undefined && value !== null);
  return new URLSearchParams(known).toString();
}

export const batches = (cursor) => ask(`/batches?${query({ limit: 50, cursor })}`);
export const batch = (id, { cursor, order, limit }) =>
  ask(`/status/batch/${part(id)}?${query({ limit, cursor, order })}`);
export const submit = (format, pis, options) =>
  ask(`/export/${part(format)}/batch`, { method: "POST", body: { pis, options } });
export const cancel = (id) => ask(`/batches/${part(id)}/cancel`, { method: "POST" });
export const retry = (id) => ask(`/batches/${part(id)}/retry`, { method: "POST" });
export const summary = () => ask("/metrics/summary");
export const sign_in = (key) => ask("/session", { method: "POST", body: { key } });
export const sign_out = () => ask("/session", { method: "DELETE" });
export const download_path = (id, partial) =>
  `/download/batch/${part(id)}${partial ? "?partial=true" : ""}`;
export const task_path = (id) => `/download/${part(id)}`;

// Calls `opened` at each start of the stream, for what was missed meanwhile, `event` for each event,
// and `lost` when the connection breaks. The browser comes back by itself after a broken connection,
// but not after a refusal, so that is done here.
export function listen({ opened, event, lost }) {
  let source;
  let delay = 1000;
  let timer;
  const start = () => {
    clearTimeout(timer);
    source?.close();
    source = new EventSource("/events");
    source.onopen = () => {
      delay = 1000;
      opened();
    };
    source.onerror = () => {
      lost();
      if (source.readyState !== EventSource.CLOSED) return;
      timer = setTimeout(start, delay);
      delay = Math.min(delay * 2, 30_000);
    };
    for (const name of ["task", "batch"]) {
      source.addEventListener(name, (message) => {
        try {
          event(name, JSON.parse(message.data));
        } catch (error) {
          if (!(error instanceof SyntaxError)) throw error;
        }
      });
    }
  };
  start();
  return { again: start };
}
