// The dashboard: asks the REST API every two seconds and draws what it answers.
"use strict";

const $ = (id) => document.getElementById(id);
const api = "/api/v1";
let key = sessionStorage.getItem("ampacity-key") || "";
// A run prints a link that ends in #key=..: that part of an address never leaves the browser.
if (location.hash.startsWith("#key=")) {
  key = decodeURIComponent(location.hash.slice(5));
  history.replaceState(null, "", "/");
}
let site = "";
let simulated = true;

async function ask(path, method = "GET", body) {
  const headers = { Authorization: "Bearer " + key };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
  const answer = await fetch(api + path, options);
  const told = answer.status === 204 ? null : await answer.json();
  if (answer.ok) return told;
  throw Object.assign(new Error(told.detail || told.title), { status: answer.status });
}

function make(name, parts = {}, ...children) {
  const svg = ["line", "path", "text"].includes(name);
  const node = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", name)
    : document.createElement(name);
  for (const [part, value] of Object.entries(parts)) node.setAttribute(part, value);
  node.append(...children);
  return node;
}

const kw = (value) => value.toLocaleString("en", { maximumFractionDigits: 1 });
const iso = (ms) => new Date(ms).toISOString().replace(/\.\d+Z/, "Z");

function tiles(allocation, sessions) {
  const values = [
    [kw(allocation.available_kw) + " kW", "for vehicles"],
    [kw(allocation.allocated_kw) + " kW", "allocated"],
    [kw(allocation.chargers.reduce((sum, c) => sum + c.actual_draw_kw, 0)) + " kW", "drawn"],
    [kw(allocation.idle_kw) + " kW", "idle"],
    [String(sessions), "sessions"],
  ];
  $("tiles").replaceChildren(
    ...values.map(([value, name]) => make("div", {}, make("b", {}, value), make("span", {}, name))));
}

function chargers(rows) {
  const largest = Math.max(1, ...rows.map((row) => Math.max(row.allocated_kw, row.actual_draw_kw)));
  const bar = (share) => {
    const piece = make("i");
    piece.style.width = Math.min(100, 100 * share) + "%";
    return piece;
  };
  $("chargers").replaceChildren(...rows.map((row) => make("tr", {},
    make("td", {}, row.charge_point_id + (row.connector_id > 1 ? " / " + row.connector_id : "")),
    make("td", {}, row.status),
    make("td", {}, make("div", { class: "rail" },
      bar(row.allocated_kw / largest), bar(row.actual_draw_kw / largest))),
    make("td", { class: "n" }, kw(row.actual_draw_kw) + " / " + kw(row.allocated_kw)),
    make("td", {}, row.session_id || ""))));
}

function chart(snapshots, from, to, step, limit) {
  const [left, right, top, bottom] = [44, 950, 10, 270];
  const highest = Math.max(limit * 1.1, 1, ...snapshots.map((s) => s.allocated_kw));
  const x = (ms) => left + ((right - left) * (ms - from)) / (to - from);
  const y = (power) => bottom - ((bottom - top) * power) / highest;
  const parts = [];
  const unit = 10 ** Math.floor(Math.log10(highest / 4));
  const gap = [1, 2, 5, 10].map((n) => n * unit).find((n) => highest / n <= 6);
  for (let power = 0; power <= highest; power += gap) {
    parts.push(make("line", { class: "grid", x1: left, x2: right, y1: y(power), y2: y(power) }));
    parts.push(make("text", { x: left - 6, y: y(power) + 4, "text-anchor": "end" }, kw(power)));
  }
  const hours = (to - from) / 3.6e6;
  const every = [0.25, 0.5, 1, 2, 3, 6, 12].find((n) => hours / n <= 8) * 3.6e6;
  for (let at = Math.ceil(from / every) * every; at < to; at += every) {
    const name = new Date(at).toISOString().slice(11, 16);
    parts.push(make("text", { x: x(at), y: bottom + 18, "text-anchor": "middle" }, name));
  }
  parts.push(make("text", { x: right, y: bottom + 18, "text-anchor": "end" }, "UTC"));
  parts.push(make("text", { x: 4, y: top + 4 }, "kW"));
  // A bucket without data is a gap, never zero.
  const runs = [];
  for (const s of snapshots) {
    const at = Date.parse(s.timestamp);
    const last = runs.at(-1);
    if (last && last.end >= at) {
      last.end = at + step;
      last.points.push([at, s]);
    } else runs.push({ end: at + step, points: [[at, s]] });
  }
  const trace = (run, name) => run.points.map(([at, s], i) =>
    (i ? "L" : "M") + x(at) + " " + y(s[name]) + "L" + x(Math.min(at + step, to)) + " " + y(s[name]))
    .join("");
  for (const run of runs) {
    const end = x(Math.min(run.end, to));
    const area = trace(run, "actual_draw_kw") + "L" + end + " " + bottom + "L"
      + x(run.points[0][0]) + " " + bottom + "Z";
    parts.push(make("path", { class: "area", d: area }));
    parts.push(make("path", { class: "step", d: trace(run, "allocated_kw") }));
  }
  parts.push(make("line", { class: "ceiling", x1: left, x2: right, y1: y(limit), y2: y(limit) }));
  $("chart").replaceChildren(...parts);
}

async function pace() {
  if (!simulated) return Date.now();
  try {
    const run = await ask("/simulation");
    $("pace").hidden = false;
    $("progress").value = run.progress;
    $("lag").textContent = run.finished ? "over"
      : run.lag_s > 0.1 ? run.lag_s.toFixed(1) + " s behind the clock" : run.paused ? "paused" : "";
    if (document.activeElement !== $("speed")) $("speed").value = String(run.speed);
    return Date.parse(run.now);
  } catch (refused) {
    if (refused.status !== 409) throw refused;
    simulated = false;
    return Date.now();
  }
}

async function look() {
  const sites = (await ask("/sites")).sites;
  if (!sites.some((known) => known.site_id === site)) {
    site = sites.length ? sites[0].site_id : "";
    $("sites").replaceChildren(
      ...sites.map((known) => make("option", { value: known.site_id }, known.name)));
    $("sites").disabled = sites.length < 2;
  }
  if (!site) throw new Error("There is no site yet: POST /api/v1/sites makes one.");
  const now = await pace();
  $("clock").textContent = iso(now).replace("T", " ");
  const base = "/smart-charging/sites/" + encodeURIComponent(site);
  const allocation = await ask(base + "/allocation");
  tiles(allocation, sites.find((known) => known.site_id === site).active_sessions);
  chargers(allocation.chargers);
  const [length, interval] = $("span").value.split("/");
  const step = parseInt(interval, 10) * 60e3;
  const to = Math.ceil(now / step) * step;
  const from = to - parseInt(length, 10) * 3.6e6;
  const query = "?from=" + iso(from) + "&to=" + iso(to) + "&interval=" + interval;
  const history = await ask(base + "/allocation/history" + query);
  chart(history.snapshots, from, to, step, allocation.available_kw);
}

async function turn() {
  let wait = 2000;
  try {
    await look();
    $("door").hidden = true;
    $("house").hidden = false;
    $("trouble").textContent = "";
    sessionStorage.setItem("ampacity-key", key);
  } catch (failed) {
    if (failed.status === 401 || failed.status === 403) {
      sessionStorage.removeItem("ampacity-key");
      $("door").hidden = false;
      $("house").hidden = true;
      $("refused").textContent = failed.message;
      return;
    }
    $("trouble").textContent = failed.message;
    wait = 5000;
  }
  setTimeout(turn, wait);
}

$("door").addEventListener("submit", (event) => {
  event.preventDefault();
  key = $("key").value;
  turn();
});
$("sites").addEventListener("change", () => { site = $("sites").value; });
for (const button of document.querySelectorAll("[data-pace]")) {
  button.addEventListener("click", () => ask("/simulation/" + button.dataset.pace, "POST"));
}
$("speed").addEventListener("change", () => {
  const value = $("speed").value;
  ask("/simulation/speed", "POST", { speed: value === "max" ? "max" : Number(value) });
});
if (key) {
  $("door").hidden = true;
  turn();
}
