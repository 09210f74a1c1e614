// What was kept in this browser is offered again on an empty page, is listed in the project menu, and can be forgotten.
//
//   data-keep="open"     data-line: brings that work back, by the file that a saved project is
//   data-keep="rename", "delete", "undelete"     data-line: what is done to a work in the list
//   data-keep="later"    the offer is closed; "menu": the list is opened
//   data-keep="heard"    what was said of another tab is closed
//   data-keep="copy"     this tab goes on with a work of its own; "forget": everything is deleted, after a question
(() => {
  "use strict";
  const { plural, nameOf, whatOf, whenOf, made, fill } = SAV.keptWords();
  const WAIT = 250; // milliseconds in which other tabs say which works they have open
  const born = Math.random().toString(36).slice(2); // this tab, for the others
  const elsewhere = new Map(); // works that are open in other tabs: which tab
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("sav-work") : null;
  let works = [], dismissed = false, ready = false, renaming = "", opening = "", sent = false, forgetting = "", twinHeard = false;
  let offered = ""; // whether work is offered: "yes", "no", or not known yet
  let begunIn = ""; // the session in which this tab had something: it is not offered what it has just cleared

  const stageOf = (panel) => SAV.stageOf(document.querySelector(`#${panel} .stage`));
  const told = () => SAV.keeping().told;
  const own = () => (told() && told().begun ? told().line : remembered());

  function remembered() {
    try {
      return sessionStorage.getItem("sav-line");
    } catch (error) {
      return null;
    }
  }

  // ---------------------------------------------------------------- other tabs
  // One of the same session (twins.js) has what this one has: what it says it has open belongs to no other.
  const say = (words) => channel && channel.postMessage({ from: born, kin: SAV.kin(), ...words });
  if (channel)
    channel.onmessage = ({ data }) => {
      if (data.who && own()) say({ open: own() });
      if (data.open && data.kin !== SAV.kin()) elsewhere.set(data.open, data.from);
      if (data.left) elsewhere.delete(data.left);
      if (data.took && data.kin !== SAV.kin() && told() && told().begun && data.took === told().line) SAV.taken();
      if (!data.who) refresh();
    };
  window.addEventListener("pagehide", () => own() && say({ left: own() }));

  // ---------------------------------------------------------------- what there is
  async function refresh() {
    works = await SAV.kept().works().catch(() => []);
    draw();
  }

  let first = true, line = "", state = "";
  document.addEventListener("sav:keeping", async () => {
    if (forgetting && told().born !== forgetting) return forgotten();
    if (opening && told().line === opening) opened();
    if (told().begun) begunIn = told().born;
    if (first) {
      first = false;
      say({ who: true });
      await SAV.kept().sweep().catch(() => {});
      await new Promise((resolve) => setTimeout(resolve, WAIT));
      ready = true;
      return refresh();
    }
    if (own() && own() !== line) say({ open: (line = own()) });
    if (state !== SAV.keeping().state && (state = SAV.keeping().state) === "saved") {
      say({ changed: true });
      return refresh();
    }
    draw();
  });

  document.addEventListener("sav:twins", () => {
    if (!SAV.twins()) twinHeard = false;
    draw();
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    if (target.closest("#project") && sent) setTimeout(failed, 500); // it has answered; what went wrong it says itself
    if (target.closest("#project") || target.closest("#kept")) draw();
  });

  // ---------------------------------------------------------------- drawing
  const TROUBLE = {
    refused: "This browser does not let the page keep your work, as in a private window: it is gone when you close this page. Save it as a file.",
    full: "This browser has no room left to keep your work. Delete some that is kept (menu Project), or save it as a file.",
    late: "The server does not answer, so the latest changes are not kept yet. This is tried again by itself.",
    taken: "This work was opened in another tab, which keeps it from now on. What you change here is not kept.",
  };

  function statusOf() {
    const { state, at } = SAV.keeping();
    if (state === "saved") return `Kept in this browser ${whenOf(at)}.`;
    if (state === "saving") return "Being kept in this browser …";
    return TROUBLE[state] || "";
  }

  const button = (words, keep, more = {}) => ["button", { type: "button", "data-keep": keep, ...more }, words];

  function draw() {
    const place = (name) => document.querySelector(`[data-own="${name}"]`);
    const offering = offer();
    fill(place("kept"), offering, trouble(), twin());
    fill(place("keeping"), statusOf() && ["p", {}, statusOf()]);
    if (!renaming || !place("kept-list") || !place("kept-list").querySelector("input")) fill(place("kept-list"), ...list());
    const answer = !ready ? "" : offering ? "yes" : "no";
    if (answer !== offered) (offered = answer), document.dispatchEvent(new CustomEvent("sav:offered"));
  }

  function offer() {
    if (!ready || dismissed || !told() || told().begun || begunIn === told().born) return null;
    const free = works.filter((work) => !work.gone && !elsewhere.has(work.line));
    const work = free.find((each) => each.line === remembered()) || free[0];
    if (!work) return null;
    const more = free.length - 1;
    return ["section", { class: "offer flow", "aria-label": "Your last work" },
      ["div", { class: "words" },
        ["strong", {}, work.line === remembered() ? "The server no longer has your work. Restore it?" : "Restore your last work?"],
        ["span", {}, `“${nameOf(work)}”: ${whatOf(work)}, kept in this browser ${whenOf(work.saved)}.`]],
      opening ? ["span", { class: "waiting", role: "status" }, ["span", { class: "spin", "aria-hidden": "true" }], "Restoring …"]
              : button("Restore", "open", { class: "primary", "data-line": work.line }),
      more > 0 && !opening && button(`${plural(more, "other")}`, "menu"),
      !opening && button("×", "later", { class: "quiet", "aria-label": "Not now" })];
  }

  function trouble() {
    const { state, told } = SAV.keeping();
    if (!told || !told.begun || !TROUBLE[state] || SAV.keeping().unheard === state) return null;
    return ["div", { class: "notice error", role: "alert" },
      ["span", {}, TROUBLE[state]],
      state === "taken" ? button("Go on with a copy", "copy") : state !== "late" && button("Save as a file", "file"),
      button("×", "unheard", { class: "quiet", "aria-label": "Close this message" })];
  }

  function twin() {
    if (!told() || !told().begun || !SAV.twins() || twinHeard) return null;
    return ["div", { class: "notice", role: "status" },
      ["span", {}, "This work is open in another tab too: what you do in one is done in both."],
      button("×", "heard", { class: "quiet", "aria-label": "Close this message" })];
  }

  function list() {
    if (!works.length && !(told() && told().begun)) return [];
    return [
      works.length > 0 && ["h3", {}, "Kept in this browser"],
      works.length > 0 && ["ul", {}, ...works.map(row)],
      button("Forget my work …", "forget", { class: "danger" }),
    ];
  }

  function row(work) {
    const line = { "data-line": work.line };
    if (work.gone) return ["li", {}, ["span", { class: "gone" }, `“${nameOf(work)}” is deleted.`], button("Undo", "undelete", line)];
    if (renaming === work.line)
      return ["li", {}, ["input", { type: "text", value: work.told.name, maxlength: 80, "aria-label": `Name of ${nameOf(work)}`, "data-rename": work.line }]];
    const here = told() && told().begun && told().line === work.line;
    const where = here ? "open here" : elsewhere.has(work.line) ? "open in another tab" : whenOf(work.saved);
    return ["li", here ? { "aria-current": "true" } : {},
      ["button", { type: "button", class: "work", "data-keep": "open", ...line, disabled: here || Boolean(opening) },
        ["strong", { class: "cut" }, nameOf(work)], ["small", { class: "cut" }, `${whatOf(work)} · ${where}`]],
      !here && button("Rename", "rename", { ...line, class: "link", "aria-label": `Rename ${nameOf(work)}` }),
      !here && button("Delete", "delete", { ...line, class: "link", "aria-label": `Delete ${nameOf(work)}` })];
  }

  // ---------------------------------------------------------------- doing
  document.addEventListener("click", ({ target }) => {
    const found = target.closest && target.closest("[data-keep]");
    if (found && !found.disabled && DOES[found.dataset.keep]) DOES[found.dataset.keep](found.dataset.line);
  });

  const DOES = {
    open: (line) => restore(line).catch(() => failed("failed")),
    later: () => ((dismissed = true), draw()),
    unheard: () => ((SAV.keeping().unheard = SAV.keeping().state), draw()),
    heard: () => ((twinHeard = true), draw()),
    menu: () => setTimeout(() => (document.getElementById("project-menu").open = true)),
    file: () => stageOf("project").send("act", { do: "save" }),
    copy: () => stageOf("kept").send("act", { do: "copy" }),
    rename: (line) => {
      renaming = line;
      draw();
      const field = document.querySelector("[data-rename]");
      field.focus();
      field.select();
    },
    delete: (line) => SAV.kept().change(line, { gone: true }).then(refresh),
    undelete: (line) => SAV.kept().change(line, { gone: false }).then(refresh),
    forget: ask,
  };

  async function rename(line, name) {
    const work = works.find((each) => each.line === line);
    renaming = "";
    if (work) await SAV.kept().change(line, { told: { ...work.told, name: name.trim().replace(/\s+/g, " ") } });
    refresh();
  }

  document.addEventListener("focusout", ({ target }) => target.dataset && target.dataset.rename && renaming && rename(target.dataset.rename, target.value));
  document.addEventListener("keydown", (event) => {
    const { target, key } = event;
    if (!target.dataset || !target.dataset.rename || (key !== "Enter" && key !== "Escape")) return;
    event.stopPropagation();
    if (key === "Escape") target.value = target.defaultValue;
    target.blur();
  }, true);

  // Puts the pieces of a work together and opens them as the saved project that they are.
  async function restore(line) {
    const work = await SAV.kept().work(line);
    if (!work || opening) return;
    [opening, sent] = [line, false];
    draw();
    const files = new Map();
    const texts = await SAV.kept().read(work.parts.map(([, digest]) => digest));
    work.parts.forEach(([name], place) => files.set(name, [...(files.get(name) || []), texts[place] || new Uint8Array()]));
    const entries = [...files].map(([name, some]) => [name, joined(some)]);
    const places = entries.filter(([name]) => /\.(jsonl|rows)$/.test(name)).flatMap(([, bytes]) => SAV.picturesOf(bytes));
    const wanted = [...new Set(places)];
    const pictures = await SAV.kept().read(wanted.map((place) => place.split("/")[1]));
    wanted.forEach((place, at) => pictures[at] && entries.push([place, pictures[at]])); // what is lost is told by the server
    const { path } = await stageOf("project").upload(new File([SAV.zipped(entries)], "kept work.zip"));
    await SAV.kept().change(line, { writer: told().born });
    say({ took: line });
    sent = true;
    stageOf("project").send("act", { do: "open", files: [{ path, name: "kept work.zip" }], line, name: work.told.name });
  }

  function joined(some) {
    const all = new Uint8Array(some.reduce((sum, bytes) => sum + bytes.length, 0));
    some.reduce((at, bytes) => (all.set(bytes, at), at + bytes.length), 0);
    return all;
  }

  async function opened() {
    const work = await SAV.kept().work(opening).catch(() => null);
    [opening, sent] = ["", false];
    document.getElementById("project-menu").open = false;
    if (work && work.told.model_id && work.told.model_id !== told().model) stageOf("masthead").send("fetch", { do: "model", model: work.told.model_id });
    refresh();
  }

  function failed(why) {
    if (!opening || told().line === opening) return;
    [opening, sent] = ["", false];
    if (why) stageOf("kept").send("act", { do: why });
    draw();
  }

  // ---------------------------------------------------------------- forgetting
  function ask() {
    const dialog = made(["dialog", { class: "sav-code sav-forget", "aria-labelledby": "forget-title" },
      ["h2", { id: "forget-title" }, "Forget all your work?"],
      ["p", {}, `This deletes ${plural(works.filter((work) => !work.gone).length, "kept work")} from this browser, and what is on this page from the server's memory. ` +
        "Files that you saved stay where you put them. It cannot be undone."],
      ["div", { class: "inline" },
        ["button", { type: "button", class: "danger", value: "forget" }, "Delete it all"],
        ["button", { type: "button", value: "" }, "Keep it"]]]);
    document.querySelector("#kept .stage").append(dialog); // where the styles of the page hold; closing removes it
    dialog.addEventListener("click", ({ target }) => target.matches("button") && dialog.close(target.value));
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (dialog.returnValue !== "forget") return;
      forgetting = told().born;
      stageOf("kept").send("act", { do: "forget" });
    });
    dialog.showModal();
  }

  // The server has let go of everything; now this browser does.
  async function forgotten() {
    forgetting = "";
    dismissed = true;
    try {
      sessionStorage.removeItem("sav-line");
    } catch (error) {
      /* nothing was remembered */
    }
    await SAV.kept().forget().catch(() => {});
    say({ changed: true });
    refresh();
  }

  Object.assign(SAV, { offered: () => offered });
})();
