// Signs in, then shows the feeds and keeps them fresh while somebody looks.
// Everything that comes from home is put in as text, never as markup.

import { agoInWords, fetchedInWords, refusalInWords, valueInWords } from "./words.js";

const REFRESH_MS = 10_000;
const MAX_FEEDS = 2000;

const $ = (id) => document.getElementById(id);
let timer = null;
let loading = false;
/** The cells that tell an age, and since when. */
let ages = [];

$("sign-in").addEventListener("submit", signIn);
$("sign-out").addEventListener("click", signOut);
document.addEventListener("visibilitychange", () => (document.hidden ? pause() : resume()));
start();

async function start() {
  const session = await call("/-/session");
  if (session.ok) showFeeds(session.body.username);
  else showSignIn(session.body.error === "unauthorized" ? "" : refusalInWords(session.body, now()));
}

async function signIn(event) {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  button.disabled = true;
  $("sign-in-fault").textContent = "";
  const login = { username: form.username.value, password: form.password.value };
  const headers = { "Content-Type": "application/json" };
  const session = await call("/-/session", { method: "POST", headers, body: JSON.stringify(login) });
  button.disabled = false;
  if (session.ok) {
    form.reset();
    showFeeds(session.body.username);
  } else {
    $("sign-in-fault").textContent = refusalInWords(session.body, now());
  }
}

async function signOut() {
  const done = await call("/-/session", { method: "DELETE" });
  if (done.ok) showSignIn("");
  else tell(refusalInWords(done.body, now()), true);
}

function showSignIn(fault) {
  pause();
  $("who").hidden = $("feeds").hidden = true;
  draw([]);
  $("sign-in").hidden = false;
  $("sign-in-fault").textContent = fault;
  $("sign-in").username.focus();
}

function showFeeds(name) {
  $("name").textContent = name;
  $("sign-in").hidden = true;
  $("who").hidden = $("feeds").hidden = false;
  tell("Asking your home…", false);
  resume();
}

function pause() {
  clearTimeout(timer);
  timer = null;
}

function resume() {
  if ($("feeds").hidden || document.hidden) return;
  pause();
  refresh();
}

async function refresh() {
  if (loading) return;
  loading = true;
  const answer = await call("/feed/list.json");
  loading = false;
  if ($("feeds").hidden) return;
  if (answer.body?.error === "unauthorized") return showSignIn("Your session has ended; sign in again.");
  if (answer.ok && Array.isArray(answer.body)) {
    draw(answer.body);
    tell(fetchedInWords(answer.body.length), false);
  } else {
    // What was there stays, but is seen to be old.
    $("table").classList.add("old");
    for (const [cell, time] of ages) cell.textContent = agoInWords(time, now());
    const unknown = { message: "your home's emoncms did not give a feed list" };
    tell(refusalInWords(answer.body?.message ? answer.body : unknown, now()), true);
  }
  if (!document.hidden) timer = setTimeout(refresh, REFRESH_MS);
}

function draw(feeds) {
  ages = [];
  $("rows").replaceChildren(...feeds.slice(0, MAX_FEEDS).map(row));
  $("table").classList.remove("old");
  $("table").hidden = feeds.length === 0;
}

function row(feed) {
  const row = document.createElement("tr");
  const name = cell("th", feed.name);
  name.scope = "row";
  if (feed.tag) {
    const tag = cell("span", feed.tag);
    tag.className = "tag";
    name.append(tag);
  }
  const value = cell("td", valueInWords(feed.value, feed.unit));
  value.className = "number";
  const age = cell("td", agoInWords(feed.time, now()));
  ages.push([age, feed.time]);
  row.append(name, value, age);
  return row;
}

function cell(kind, text) {
  const cell = document.createElement(kind);
  cell.textContent = text ?? "";
  return cell;
}

function tell(text, isFault) {
  $("state").textContent = text;
  $("state").classList.toggle("fault", isFault);
}

/** Asks the bridge; never throws. */
async function call(url, options = {}) {
  try {
    const response = await fetch(url, { ...options, headers: { Accept: "application/json", ...options.headers } });
    return { ok: response.ok, body: await response.json() };
  } catch {
    return { ok: false, body: { message: "the bridge cannot be reached; is this device online?" } };
  }
}

function now() {
  return Date.now() / 1000;
}
