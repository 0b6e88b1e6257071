/* Sysmo Tickets: what saves time where script runs. Every page works without it; it sends the same
   forms, shows the same pages, and says nothing of its own: its words stand on #avisos and [data-news].
   Listeners hang on the document, so a page that is swapped in needs none; start() does the rest. */
"use strict";
(() => {
  const EVERY = 20_000, ANEW = 30_000, MINUTE = 60_000, WEEK = 7 * 24 * 60 * MINUTE, SOON = 5 * MINUTE;
  const DRAFT = "borrador:", SENT = "enviados";
  const one = (selector, from = document) => from.querySelector(selector);
  const all = (selector, from = document) => [...from.querySelectorAll(selector)];
  const words = () => one("#avisos").dataset;
  const say = (text) => { one("#avisos").textContent = text; };
  const fill = (sentence, count) => sentence.replace("{count}", count);
  const attempt = (what) => { try { return what(); } catch { return null; } }; // storage may be forbidden
  const listen = (kind, react) => document.addEventListener(kind, react);

  /* Choosing requests of a list */
  function count() {
    const boxes = all(".sel input[name=s]"), chosen = boxes.filter((box) => box.checked).length;
    const number = one("#elegidas"), whole = one("#todas");
    if (!number || !whole) return;
    const told = number.nextElementSibling;
    number.textContent = chosen;
    told.textContent = chosen === 1 ? told.dataset.one : told.dataset.many;
    whole.checked = chosen > 0 && chosen === boxes.length;
    whole.indeterminate = chosen > 0 && chosen < boxes.length;
  }
  listen("change", ({ target }) => {
    if (target.id === "todas") for (const box of all(".sel input[name=s]")) box.checked = target.checked;
    if (target.closest(".sel")) count();
    if (target.name === "tipo") { const text = one("textarea", target.form); if (text?.value) { text.dataset.typed = "1"; save(); } }
    if (target.type === "file" && target.form?.matches("[data-drop]")) listFiles(target);
  });

  /* Menus */
  const menus = () => all("details:is(.pop, .more)[open]");
  listen("click", (event) => {
    for (const menu of menus()) if (!menu.contains(event.target)) menu.open = false;
    const link = event.target.closest?.("a[data-refresh]");
    if (link) { event.preventDefault(); refresh(); }
  });

  /* Keyboard */
  let before = "", forget;
  const typing = (element) => element.closest?.("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");
  const seen = (element) => element.checkVisibility?.() ?? element.offsetParent !== null;
  listen("keydown", (event) => {
    if (event.isComposing || event.defaultPrevented) return;
    if (event.key === "Escape") {
      const menu = menus().pop();
      if (menu) { menu.open = false; one("summary", menu).focus(); }
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const form = event.target.matches("textarea") && event.target.form;
      const send = form && all(event.shiftKey ? "button[name=cerrar]" : "button.primary", form).find(seen);
      if (send) { event.preventDefault(); form.requestSubmit(send); }
    } else if ("shortcuts" in document.body.dataset && !event.ctrlKey && !event.metaKey && !event.altKey && !typing(event.target)) {
      const keys = before + event.key;
      before = keys === "g" ? "g" : "";
      clearTimeout(forget);
      forget = setTimeout(() => { before = ""; }, 1500);
      if (press(keys)) event.preventDefault();
    }
  });
  function press(keys) {
    const views = document.body.dataset.shortcuts;
    const view = { ga: "asignadas", gt: "tematicas", gs: "mias" }[keys];
    if (view) { if (views) location.assign(views + view); return true; }
    const links = all(".list .subj a"), here = document.activeElement.closest(".list tr");
    const at = links.indexOf(here && one(".subj a", here));
    if (links.length && (keys === "j" || keys === "k")) {
      links[Math.max(0, Math.min(links.length - 1, keys === "j" ? at + 1 : at - 1))].focus();
      return true;
    }
    if (here && keys === "o") { links[at].click(); return true; }
    if (here && keys === "x") { one(".sel input", here)?.click(); return true; }
    const kind = { r: "respuesta", n: "interno" }[keys], radio = kind && one(`[name=tipo][value=${kind}]`);
    if (radio) { radio.click(); one("textarea", radio.form).focus(); return true; }
    const found = all(`[aria-keyshortcuts="${CSS.escape(keys)}"]`).filter((each) => seen(each) || each.matches(".menu a"));
    const element = found.find((each) => each.matches("input, textarea")) ?? found[0];
    if (!element) return false;
    if (element.matches("input, textarea, select")) element.focus(); else element.click();
    if (element.matches("summary")) one("input, select, textarea", element.parentElement)?.focus();
    return true;
  }

  /* What is being written is kept in this browser until it is sent, for a week at most; what was begun as
     an internal comment comes back as one */
  const fields = () => all("main form[method=post] :is(textarea, [data-draft])");
  const nameOf = (field) => `${DRAFT}${document.body.dataset.person}:${field.form.getAttribute("action").split("?")[0]}:${field.name}`;
  const drafts = () => attempt(() => Object.keys(localStorage).filter((name) => name.startsWith(DRAFT))) ?? [];
  let sending = null, saving;
  function save() {
    for (const field of fields().filter((each) => each.dataset.typed)) {
      const internal = one("[name=tipo]:checked", field.form)?.value === "interno";
      const kept = JSON.stringify({ text: field.value, internal, at: Date.now() });
      attempt(() => field.value.trim() ? localStorage.setItem(nameOf(field), kept) : localStorage.removeItem(nameOf(field)));
    }
  }
  function restore() {
    const sent = attempt(() => JSON.parse(sessionStorage.getItem(SENT))) ?? [];
    attempt(() => sessionStorage.removeItem(SENT));
    const arrived = one("main .alert.ok[role=status]") && !one("#errores");
    for (const name of drafts()) {
      const kept = attempt(() => JSON.parse(localStorage.getItem(name)));
      if (!(kept?.at > Date.now() - WEEK) || (arrived && sent.includes(name))) attempt(() => localStorage.removeItem(name));
    }
    for (const field of fields().filter((each) => !each.value)) {
      const kept = attempt(() => JSON.parse(localStorage.getItem(nameOf(field))));
      const internal = kept?.internal && one("[name=tipo][value=interno]", field.form);
      if (!kept?.text || (kept.internal && !internal)) continue; // an internal comment becomes no reply
      field.value = kept.text;
      if (internal) internal.checked = true;
      say(words().draft);
    }
  }
  listen("input", ({ target }) => {
    if (!target.matches("textarea, [data-draft]")) return;
    target.dataset.typed = "1";
    clearTimeout(saving);
    saving = setTimeout(save, 400);
  });
  addEventListener("pagehide", () => { if (!sending) save(); });
  addEventListener("beforeunload", (event) => {
    if (fields().some((field) => field.dataset.typed && field.value.trim() && field.form !== sending)) event.preventDefault();
  });

  /* Sending; with files by a request that can tell how far it is */
  listen("submit", (event) => {
    const form = event.target;
    if (form.method !== "post" || event.defaultPrevented) return;
    sending = form;
    clearTimeout(saving);
    if (form.getAttribute("action") === "/salir") {
      for (const name of drafts()) attempt(() => localStorage.removeItem(name));
      return;
    }
    save();
    const own = fields().filter((field) => field.form === form).map(nameOf);
    attempt(() => sessionStorage.setItem(SENT, JSON.stringify(own)));
    const chosen = all("input[type=file]", form).some((input) => input.files.length);
    if (chosen && form.enctype === "multipart/form-data") { event.preventDefault(); upload(form, event.submitter); }
  });
  function upload(form, button) {
    const request = new XMLHttpRequest(), body = new FormData(form), bar = document.createElement("progress");
    if (button?.name) body.append(button.name, button.value);
    const buttons = all("button", form), release = () => { bar.remove(); sending = null; for (const each of buttons) each.disabled = false; };
    for (const each of buttons) each.disabled = true;
    bar.max = 1;
    bar.setAttribute("aria-label", words().sending);
    (button?.parentElement ?? form).append(bar);
    say(words().sending);
    request.open("POST", button?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href);
    request.setRequestHeader("X-Sysmo-Shown", "1");
    request.upload.onprogress = ({ loaded, total }) => { bar.value = loaded / total; };
    request.onload = () => { release(); turnTo(request.responseText, request.responseURL); };
    request.onerror = () => { release(); say(words().failed); };
    request.send(body);
  }
  function turnTo(html, address) {
    const page = new DOMParser().parseFromString(html, "text/html");
    if (!one("main", page)) { location.assign(address); return; }
    document.title = page.title;
    document.body.replaceWith(document.adoptNode(page.body));
    if (address !== location.href) history.pushState(null, "", address);
    start();
    scrollTo(0, 0);
    (one("#errores, #mientras") ?? one("main")).focus();
    say(one("main .alert.ok")?.textContent ?? "");
  }
  let shown;
  const where = () => location.pathname + location.search;
  addEventListener("popstate", () => { if (where() !== shown) location.reload(); });

  /* Files that are dropped or pasted */
  const sizeOf = (octets) => octets < 1e6 ? `${Math.max(1, Math.round(octets / 1000))} KB`
    : `${(octets / 1e6).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 })} MB`;
  function take(input, files) {
    const kept = new DataTransfer();
    for (const file of files) kept.items.add(file);
    input.files = kept.files;
    listFiles(input);
  }
  function listFiles(input) {
    one("[data-chosen]", input.form)?.remove();
    if (!input.files.length) return;
    const list = document.createElement("ul");
    list.className = "row";
    list.dataset.chosen = "";
    for (const file of input.files) {
      const item = document.createElement("li"), remove = document.createElement("button"), name = document.createElement("b"), size = document.createElement("span");
      item.className = "file";
      name.textContent = file.name;
      size.textContent = sizeOf(file.size);
      remove.type = "button";
      remove.className = "btn quiet icon";
      remove.textContent = "×";
      remove.setAttribute("aria-label", words().remove.replace("{name}", file.name));
      remove.onclick = () => { take(input, [...input.files].filter((each) => each !== file)); input.focus(); };
      item.append(name, size, remove);
      list.append(item);
    }
    (input.closest(".acts") ?? input).before(list);
  }
  function bring(event, moved) {
    const input = event.target.closest?.("form[data-drop]")?.querySelector("input[type=file]");
    if (!input || ![...moved.types].includes("Files") || moved.types.includes("text/plain")) return;
    event.preventDefault();
    if (event.type !== "dragover") take(input, [...input.files, ...moved.files]);
  }
  listen("dragover", (event) => bring(event, event.dataTransfer));
  listen("drop", (event) => bring(event, event.dataTransfer));
  listen("paste", (event) => bring(event, event.clipboardData));

  /* News, told and shown when asked for; nothing is asked while nobody looks */
  let timer, known = null;
  async function look() {
    clearTimeout(timer);
    const bar = one("[data-news]");
    if (!bar || document.hidden) return;
    const answer = await fetch(bar.dataset.news, { redirect: "manual" }).catch(() => null);
    if (bar.isConnected && answer?.type === "opaqueredirect") { tell(bar, words().ended); return; }
    const keys = answer?.ok ? await answer.json().catch(() => null) : null;
    if (!bar.isConnected || (answer && !answer.ok && answer.status < 500)) return;
    if (keys) {
      known ??= "known" in bar.dataset ? new Set(all("[data-key]").map((row) => row.dataset.key)) : new Set(keys);
      const news = keys.filter((key) => !known.has(key)).length;
      if (news) tell(bar, news === 1 ? bar.dataset.one : fill(bar.dataset.many, news));
    }
    clearTimeout(timer);
    timer = setTimeout(look, EVERY);
  }
  function tell(bar, sentence) {
    const place = one("span", bar);
    if (place.textContent === sentence) return;
    place.textContent = sentence;
    bar.hidden = false;
    say(sentence);
  }
  async function ask(header) {
    const answer = await fetch(location.href, { headers: { [header]: "1" } }).catch(() => null);
    return answer?.ok && !answer.redirected ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  }
  const showNew = (page) => { for (const fresh of all("[data-live]", page)) one(`[data-live="${fresh.dataset.live}"]`)?.replaceWith(document.adoptNode(fresh)); };
  async function refresh() {
    const page = await ask("X-Sysmo-Shown");
    if (!page) { location.reload(); return; }
    const chosen = new Set(all(".sel input:checked").map((box) => box.value)), old = new Set(all("[id]").map((each) => each.id));
    document.title = page.title;
    showNew(page);
    for (const far of all("input[name^=visto]", page)) {
      for (const near of all(`input[name=${far.name}]`)) near.value = far.value;
    }
    for (const box of all(".sel input[name=s]")) box.checked = chosen.has(box.value);
    start();
    const first = all("[data-live] article[id]").find((each) => !old.has(each.id)) ?? one("main");
    first.tabIndex = -1;
    first.focus();
  }

  /* The state of the mail shows itself anew, unless nobody looks or somebody is at one of its buttons */
  setInterval(async () => {
    const place = () => one("[data-live][data-anew]"), before = place();
    if (!before || document.hidden || before.contains(document.activeElement)) return;
    const page = await ask("X-Sysmo-Unattended");
    if (page && place() === before && !before.contains(document.activeElement)) showNew(page);
  }, ANEW);

  /* A session that ends says so some minutes before. Its use in another tab puts the end off, so the server
     is asked first; whoever stays, asks as if they had opened a page */
  const ending = () => one("#sesion");
  async function watch() {
    const bar = ending();
    if (!bar || document.hidden || Date.now() < bar.dataset.at - SOON) return;
    const answer = await fetch("/sesion", { headers: { "X-Sysmo-Unattended": "1" }, redirect: "manual" }).catch(() => null);
    const left = answer?.ok ? await answer.json().catch(() => null) : null;
    if (!bar.isConnected) return;
    if (answer?.type === "opaqueredirect") ended(bar);
    if (!left) return;
    const at = bar.dataset.at = Date.now() + 1000 * left.seconds;
    one("button", bar).hidden = left.last;
    const time = new Date(at).toLocaleTimeString(document.documentElement.lang, { hour: "numeric", minute: "2-digit" });
    if (at < Date.now() + SOON) tell(bar, (left.last ? bar.dataset.last : bar.dataset.until).replace("{time}", time));
    else bar.hidden = true;
  }
  function ended(bar) {
    bar.dataset.at = Infinity;
    one("button", bar).hidden = true;
    tell(bar, words().ended);
  }
  listen("click", async ({ target }) => {
    const bar = target.closest?.("#sesion button") && ending();
    if (!bar) return;
    const answer = await fetch("/sesion", { redirect: "manual" }).catch(() => null);
    if (answer?.type === "opaqueredirect") ended(bar);
    if (!answer?.ok) return;
    bar.hidden = true;
    one("span", bar).textContent = "";
    one("main").focus({ preventScroll: true });
    say(bar.dataset.goesOn);
  });
  setInterval(watch, MINUTE);

  /* "hace 4 min" goes on; after an hour it is a time of day */
  function age() {
    const { now, ago } = words();
    for (const time of all("time[data-ago]")) {
      const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / MINUTE);
      if (minutes < 60) time.textContent = minutes < 1 ? now : fill(ago, minutes);
      else { time.textContent = time.dateTime.slice(11, 16).replace(/^0/, ""); delete time.dataset.ago; }
    }
  }
  setInterval(age, MINUTE);

  function start() {
    shown = where();
    sending = known = null;
    count();
    restore();
    look();
    if (ending()) ending().dataset.at ??= Date.now() + 1000 * ending().dataset.seconds;
    watch();
    for (const tab of all(".tabs [aria-current]")) tab.parentElement.closest(".tabs").scrollLeft = tab.offsetLeft - 48;
    if (location.hash === "#q") one("#q")?.focus();
  }
  listen("visibilitychange", () => { look(); watch(); });
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });
  start();
})();
