// A tab that was duplicated has the session of the one that it came from. Each hears of the other, and asks for what is new when
// the other has shown something, as soon as it is in sight itself. "sav:twins" says that one has come or gone.
(() => {
  "use strict";
  const PAUSE = 400; // milliseconds in which what is shown is gathered into one message, and an answer is drawn
  const PATIENCE = 10000; // milliseconds for an answer: the server may be gone
  const me = Math.random().toString(36).slice(2);
  const kin = SAV.session().slice(0, 8); // the same in both, and enough to know each other by
  const others = new Set();
  const channel = "BroadcastChannel" in window ? new BroadcastChannel("sav-twins") : null;
  let showing = 0, looking = 0, behind = false;

  const say = (words) => channel && channel.postMessage({ from: me, kin, ...words });

  if (channel)
    channel.onmessage = ({ data }) => {
      if (data.kin !== kin) return;
      if (data.came) say({ here: true });
      if (data.left ? others.delete(data.from) : !others.has(data.from) && others.add(data.from)) document.dispatchEvent(new CustomEvent("sav:twins"));
      if (data.showed) (behind = true), look();
    };

  document.addEventListener("sav:drawn", ({ target, detail }) => {
    if (!detail.version || detail.answer) return;
    if (looking && target.closest("#kept")) {
      clearTimeout(looking);
      looking = setTimeout(looked, PAUSE);
    }
    if (others.size && !looking) showing = showing || setTimeout(() => ((showing = 0), say({ showed: true })), PAUSE);
  });

  function look() {
    const panel = document.querySelector("#kept .stage");
    if (!behind || document.hidden || looking || !panel) return;
    behind = false;
    looking = setTimeout(looked, PATIENCE);
    SAV.stageOf(panel).send("act", { do: "look" });
  }

  function looked() {
    looking = 0;
    look();
  }

  document.addEventListener("visibilitychange", look);
  addEventListener("pagehide", () => say({ left: true }));
  addEventListener("pageshow", ({ persisted }) => persisted && say({ came: true }));
  say({ came: true });

  Object.assign(SAV, { kin: () => kin, twins: () => others.size });
})();
