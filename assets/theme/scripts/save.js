// Keeps the visitor's work in this browser as it changes: the panel "kept" says which work it is and shows another mark for
// every change; what is new of it is asked for in pieces and stored, see store.js. "sav:keeping" says that the state is another.
//
// SAV.keeping(): {told, state, at}: what the server says of the work; "saved", "saving", "late" (the server does not answer),
// "refused" (by the browser), "full", "taken" (another tab writes it) or "" before there is any; and when it was last kept.
(() => {
  "use strict";
  const PAUSE = 1200, AT_LATEST = 5000; // milliseconds from a change until it is kept
  const PATIENCE = 60000, AGAIN = 15000; // milliseconds for an answer; until it is tried again
  const AT_ONCE = 200; // pieces in one question
  const MOST_UNNAMED = 12; // works without a name; beyond that the oldest go
  const keeping = { told: null, state: "", at: 0 };
  const waiting = new Map(); // questions to the server that are not answered yet
  const pictures = new Map(); // digests of the pictures that a text names, by its own
  let serial = 0, keptMark = "", timer = 0, since = 0, busy = false, hadWork = "";

  const stage = () => SAV.stageOf(document.querySelector("#kept .stage"));

  document.addEventListener("sav:drawn", ({ target, detail }) => {
    if (!target.closest("#kept") || !detail.version || !detail.work) return;
    const before = keeping.told;
    keeping.told = detail.work;
    if (detail.answer && waiting.has(detail.answer.asked)) waiting.get(detail.answer.asked)(detail);
    if (!before || before.line !== detail.work.line || before.born !== detail.work.born) return takeUp();
    if (!detail.answer) changed();
  });

  // Another work than before, or the first: perhaps it is kept as it is.
  async function takeUp() {
    const { line, mark, born, begun } = keeping.told;
    if (begun) remember(line);
    else if (hadWork === born) remember(""); // cleared by hand: what comes next is another work
    if (begun) hadWork = born;
    keptMark = "";
    tell(begun ? "saving" : "");
    const known = await SAV.kept().work(line).catch(() => null);
    if (keeping.told.line !== line) return;
    if (known && !known.gone && known.mark === mark && known.writer === born) done(mark, known.saved);
    else changed();
  }

  function changed() {
    const { told } = keeping;
    if (!told.begun || told.mark === keptMark) return tell(told.begun ? keeping.state : "");
    remember(told.line);
    if (["", "saved", "late"].includes(keeping.state)) tell("saving");
    since = since || Date.now();
    clearTimeout(timer);
    timer = setTimeout(save, Math.max(0, Math.min(PAUSE, since + AT_LATEST - Date.now())));
  }

  async function save() {
    if (busy) return;
    busy = true;
    since = 0;
    let next = 0;
    try {
      const { answer, work } = await ask({});
      const needed = await fetched(answer.parts);
      const found = await SAV.kept().keep({
        line: work.line,
        mark: work.mark,
        writer: work.born,
        parts: answer.parts,
        pictures: needed,
        told: answer.told,
        saved: Date.now(),
      });
      if (found === "kept") {
        done(work.mark, Date.now());
        if (answer.told.untouched || !answer.told.name) prune(work.line);
      } else if (found === "taken") tell("taken");
      else next = PAUSE;
    } catch (error) {
      const full = error && (error.name === "QuotaExceededError" || /quota/i.test(error.message || ""));
      if (error === MOVED_ON) next = PAUSE;
      else tell(error === UNANSWERED ? "late" : full ? "full" : "refused");
      if (keeping.state === "late") next = AGAIN;
    } finally {
      busy = false;
      // What came while this was under way is kept next; after a refusal the next change tries again.
      if (next || (keeping.told.begun && keeping.told.mark !== keptMark && ["saved", "saving"].includes(keeping.state))) {
        clearTimeout(timer);
        timer = setTimeout(save, next || PAUSE);
      }
    }
  }

  function done(mark, when) {
    keptMark = mark;
    keeping.at = when;
    if (keeping.told.mark === mark) tell("saved");
  }

  function tell(state) {
    keeping.state = state;
    document.dispatchEvent(new CustomEvent("sav:keeping"));
  }

  const UNANSWERED = new Error("The server does not answer.");
  const MOVED_ON = new Error("The work has changed meanwhile.");

  function ask(data) {
    const asked = ++serial;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => (waiting.delete(asked), reject(UNANSWERED)), PATIENCE);
      waiting.set(asked, (detail) => {
        clearTimeout(late);
        waiting.delete(asked);
        resolve(detail);
      });
      stage().send("keep", { asked, ...data });
    });
  }

  // Stores every piece of these parts that is not there yet; returns the digests of their pictures.
  async function fetched(parts) {
    await bring(parts.map(([, digest]) => digest));
    const listings = parts.filter(([file, digest]) => /\.(jsonl|rows)$/.test(file) && !pictures.has(digest)).map(([, digest]) => digest);
    (await SAV.kept().read(listings)).forEach((bytes, place) => pictures.set(listings[place], SAV.picturesOf(bytes).map(digestOf)));
    const needed = [...new Set(parts.flatMap(([, digest]) => pictures.get(digest) || []))];
    await bring(needed);
    return needed;
  }

  async function bring(digests) {
    let wanted = await SAV.kept().missing(digests);
    while (wanted.length) {
      const { answer } = await ask({ want: wanted.slice(0, AT_ONCE) });
      const found = Object.entries(answer.pieces).map(([digest, text]) => [digest, bytesOf(text)]);
      if (!found.length) throw MOVED_ON;
      await SAV.kept().add(found);
      wanted = wanted.filter((digest) => !(digest in answer.pieces));
    }
  }

  const bytesOf = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));

  // The bytes of one piece, as this browser keeps it or else as the server has it; null if neither does.
  async function piece(digest) {
    const [kept] = await SAV.kept().read([digest]).catch(() => []);
    if (kept) return kept;
    const { answer } = await ask({ want: [digest] });
    return answer.pieces[digest] ? bytesOf(answer.pieces[digest]) : null;
  }

  // The places of the pictures that the lines of a listing name; a line that is damaged names none.
  function picturesOf(bytes) {
    const lines = new TextDecoder().decode(bytes || new Uint8Array()).split("\n");
    return lines.filter(Boolean).flatMap((line) => {
      try {
        return JSON.parse(line).images;
      } catch (error) {
        return [];
      }
    });
  }

  const digestOf = (place) => place.split("/")[1];

  // A ready task as everybody finds it gives way to what came after it, and so do the oldest of many works without a name.
  async function prune(line) {
    const others = (await SAV.kept().works()).filter((work) => work.line !== line && !work.told.name && !work.gone);
    const own = others.filter((work) => !work.told.untouched);
    await SAV.kept().remove([...others.filter((work) => work.told.untouched), ...own.slice(MOST_UNNAMED)].map((work) => work.line));
  }

  // Which work this tab was about, for when the server has lost it.
  function remember(line) {
    try {
      sessionStorage.setItem("sav-line", line);
    } catch (error) {
      /* nothing is remembered: the latest work is offered */
    }
  }

  // What was done in a panel is not kept before the server has answered it, nor are files that go up.
  const unanswered = new Set();
  const did = (target) => SAV.stageOf(target) && unanswered.add(SAV.stageOf(target).root);
  document.addEventListener("change", ({ target }) => target.matches("[data-change], [data-slide]") && did(target));
  document.addEventListener("submit", ({ target }) => did(target));
  document.addEventListener("click", ({ target }) => did(SAV.control(target, "[data-act]")));
  document.addEventListener("sav:drawn", ({ target }) => unanswered.delete(target));

  function unsaved() {
    const { told } = keeping;
    if (unanswered.size || document.querySelector("[data-busy]")) return true;
    return Boolean(told && told.begun && told.mark !== keptMark);
  }

  window.addEventListener("beforeunload", (event) => {
    if (!unsaved()) return;
    event.preventDefault();
    event.returnValue = ""; // older browsers ask only then
  });

  const taken = () => tell("taken");

  Object.assign(SAV, { keeping: () => keeping, picturesOf, piece, taken });
})();
