// In what order a panel's events leave. Of a slider that moves on while Python still answers, only where it stands last is sent,
// as soon as that answer is shown; Gradio's own way for this (trigger_mode "always_last") sends what came first once more.
(() => {
  "use strict";
  const PATIENCE = 10000; // milliseconds after which an answer is lost, with its connection say, and holds up nothing
  let last = 0;

  // The sender of one panel's events: every event goes through `send`; `answered` hears the turn of each answer that is shown.
  function turns(trigger) {
    const waiting = new Map(); // where sliders stand that are still to be sent, by what they do
    let under = 0; // the turn that is being answered

    function next() {
      const [data] = waiting.values();
      if (under || !data) return;
      waiting.delete(data.do);
      const turn = (under = ++last);
      trigger("slide", { ...data, turn });
      setTimeout(answered, PATIENCE, turn);
    }

    function answered(turn) {
      if (turn !== under) return;
      under = 0;
      next();
    }

    function send(kind, data) {
      if (kind === "slide") {
        waiting.set(data.do, data);
        return next();
      }
      for (const moved of waiting.values()) trigger("slide", moved); // before what was done after it
      waiting.clear();
      trigger(kind, data);
    }

    return { send, answered };
  }

  Object.assign(SAV, { turns });
})();
