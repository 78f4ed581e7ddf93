# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of ``report``: one file that needs nothing else, not even a network. Filled in by :mod:`.page`.

The jobs are data in the page, and a short script shows a hundred of them at a time: a table of 100,000 rows would not
open. All texts of jobs become text nodes, so none of them can be taken for HTML.
"""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark; --line: #8885; --soft: #8882; --dim: #777; font: 15px/1.4 system-ui, sans-serif }
body { margin: 0 auto; max-width: 78rem; padding: 1rem }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere }
p { margin: .3rem 0; color: var(--dim); overflow-wrap: anywhere }
#bar { display: flex; height: .7rem; border-radius: .35rem; overflow: hidden; margin: .8rem 0; background: var(--soft) }
#filters, #find { display: flex; flex-wrap: wrap; gap: .4rem; margin: .6rem 0; align-items: center }
button, input { font: inherit; color: inherit; background: var(--soft); border: 1px solid var(--line);
  border-radius: .4rem; padding: .25rem .7rem }
input { flex: 1 1 12rem; min-width: 0 }
button[aria-pressed=true] { outline: 2px solid currentColor }
button:disabled { opacity: .4 }
table { border-collapse: collapse; width: 100% }
th { text-align: left; font-weight: 600; color: var(--dim) }
th, td { padding: .35rem .5rem; border-bottom: 1px solid var(--line); vertical-align: middle; overflow-wrap: anywhere }
.number { text-align: right; font-variant-numeric: tabular-nums; overflow-wrap: normal }
td:first-child { width: 66px }
img { display: block; width: 64px; height: 64px; object-fit: contain; background: var(--soft); border-radius: .3rem }
.state::before { content: ""; display: inline-block; width: .7em; height: .7em; border-radius: 50%; margin-right: .4em;
  background: var(--of-state) }
.READY { --of-state: #2b9348 } .FAILED { --of-state: #d00000 } .UNCERTAIN, .CANCELLED { --of-state: #e08700 }
.QUEUED { --of-state: #8888 } .state { --of-state: #2176d2; white-space: nowrap }
.state.READY { --of-state: #2b9348 } .state.FAILED { --of-state: #d00000 } .state.QUEUED { --of-state: #8888 }
.state.UNCERTAIN, .state.CANCELLED { --of-state: #e08700 }
#bar span { background: var(--of-state, #2176d2) }
.hint { color: var(--dim) }
@media (max-width: 44rem) {
  thead { display: none }
  tr { display: grid; grid-template-columns: 72px 1fr auto; border-bottom: 1px solid var(--line); padding: .4rem 0 }
  td { border: 0; padding: .1rem .4rem; text-align: left }
  td:first-child { grid-row: 1 / span 4 }
  td:empty { display: none }
  td.number, .wide { grid-column: 2 / -1; text-align: left }
  td[data-label]:not(:empty)::before { content: attr(data-label) " "; color: var(--dim) }
}
"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("jobs").textContent);
const PAGE = 100;
let state = "", words = "", page = 0, shown = [];
const at = id => document.getElementById(id);
function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined && text !== null) made.textContent = text;
  if (className) made.className = className;
  return made;
}
function cell(row, text, className, label) {
  const made = row.appendChild(element("td", text, className));
  if (label) made.dataset.label = label;
  return made;
}
function rowOf(job) {
  const [index, name, source, status, seconds, triangles, error, text, hint, worker, path] = job;
  const row = element("tr"), picture = cell(row, "");
  if (data.pictures[index]) {
    const image = picture.appendChild(element("img"));
    image.src = "data:image/png;base64," + data.pictures[index];
    image.alt = "The result of job " + index;
  }
  cell(row, index, "number", "job");
  cell(row, name || "-", "wide");
  cell(row, source, "wide").title = path;
  cell(row, "").appendChild(element("span", data.states[status], "state " + data.states[status]));
  cell(row, seconds === null ? "" : seconds.toFixed(1), "number", "seconds");
  cell(row, triangles === null ? "" : triangles.toLocaleString("en"), "number", "triangles");
  cell(row, error === null ? "" : error.toExponential(1), "number", "fit error");
  const last = cell(row, data.texts[text], "wide");
  if (hint) last.append(" ", element("span", data.texts[hint], "hint"));
  if (worker) last.append(" ", element("span", "(" + data.texts[worker] + ")", "hint"));
  return row;
}
function show() {
  const pages = Math.max(1, Math.ceil(shown.length / PAGE));
  page = Math.min(Math.max(page, 0), pages - 1);
  at("rows").replaceChildren(...shown.slice(page * PAGE, (page + 1) * PAGE).map(rowOf));
  at("count").textContent = shown.length.toLocaleString("en") + " jobs, page " + (page + 1) + " of " + pages;
  at("back").disabled = page === 0;
  at("next").disabled = page === pages - 1;
}
function filter() {
  const number = data.states.indexOf(state), wanted = words.toLowerCase();
  shown = data.jobs.filter(job => (number < 0 || job[3] === number) && (!wanted || String(job[0]) === wanted
    || job[1].toLowerCase().includes(wanted) || job[2].toLowerCase().includes(wanted)));
  page = 0;
  show();
}
function choose(button, name) {
  state = name;
  for (const each of at("filters").children) each.setAttribute("aria-pressed", each === button);
  filter();
}
function addFilter(text, name, count) {
  const button = at("filters").appendChild(element("button", "", name && "state " + name));
  button.textContent = text + " " + count.toLocaleString("en");
  button.setAttribute("aria-pressed", name === "");
  button.addEventListener("click", () => choose(button, name));
}
addFilter("All", "", data.jobs.length);
data.states.forEach((name, number) => {
  const count = data.jobs.filter(job => job[3] === number).length;
  if (!count) return;
  addFilter(name, name, count);
  const part = at("bar").appendChild(element("span", "", name));
  part.style.flexGrow = count;
  part.title = name + " " + count;
});
at("words").addEventListener("input", event => { words = event.target.value.trim(); filter(); });
at("back").addEventListener("click", () => { page -= 1; show(); });
at("next").addEventListener("click", () => { page += 1; show(); });
filter();
"""

PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
<title>@title@</title>
<style>@style@</style>
</head>
<body>
<h1>@title@</h1>
<p>@subtitle@</p>
<p>@notes@</p>
<div id="bar"></div>
<div id="filters"></div>
<div id="find"><input id="words" type="search" placeholder="Object, source or number" aria-label="Search">
<button id="back">Back</button><button id="next">Next</button><span id="count" role="status"></span></div>
<noscript><p>The table needs JavaScript. The same is told by: work --status</p></noscript>
<table>
<thead><tr><th></th><th class="number">Job</th><th>Object</th><th>Source</th><th>Status</th>
<th class="number">Seconds</th><th class="number">Triangles</th><th class="number">Fit error</th>
<th>Message</th></tr></thead>
<tbody id="rows"></tbody>
</table>
<script type="application/json" id="jobs">@data@</script>
<script>@script@</script>
</body>
</html>
"""
