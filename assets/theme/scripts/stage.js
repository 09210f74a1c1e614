// The browser's half of sav_ui/panels/panel.py: a stage is the place of one panel, it shows what Python sends and sends what is
// done to it. Every script finds the stage of an element with SAV.stageOf(element) and calls its send(kind, data), where kind is
// "act", "run", "fetch" or "slide". When a stage has been drawn, "sav:drawn" bubbles from it, with the content as its detail.
(() => {
  "use strict";
  const PATIENCE = 20000; // milliseconds
  const mounted = [];

  function mount(element, props, trigger, upload, watch) {
    const root = element.querySelector(".stage");
    const waiting = []; // what is done before the server has said whose session this is
    const order = SAV.turns(trigger);
    const send = (kind, data) => {
      if (kind !== "slide") ask(root);
      return stage.version > 0 ? order.send(kind, data) : waiting.push([kind, data]);
    };
    const stage = { root, upload, send, version: -1 };
    let newest = { version: -1 }; // of all that came, for what is older may come after it
    stage.draw = () => {
      if (props.value && props.value.version >= newest.version) newest = props.value;
      if (newest.version < stage.version || newest.version < 0) return;
      const value = SAV.whole(newest);
      stage.waits = !value;
      if (!value) return;
      const before = stage.version;
      stage.version = value.version;
      answered(root);
      root.dataset.version = value.version;
      const fresh = document.createElement("div");
      fresh.innerHTML = value.html;
      SAV.merge(root, fresh, before > 0);
      SAV.drawFigures(root, value.figures).catch((error) => console.warn(error));
      if (value.next && stage.asked !== value.version) {
        stage.asked = value.version;
        trigger("run", {});
      }
      if (stage.went !== value.version) {
        stage.went = value.version;
        if (value.go) SAV.openTab(value.go);
        const target = value.focus && root.querySelector(value.focus);
        if (target) target.focus();
      }
      if (stage.version > 0) for (const [kind, data] of waiting.splice(0)) order.send(kind, data);
      if (value.turn) order.answered(value.turn);
      root.dispatchEvent(new CustomEvent("sav:drawn", { bubbles: true, detail: value }));
    };
    root.savStage = stage;
    mounted.push(stage);
    watch("value", stage.draw);
    stage.draw();
    return stage;
  }

  // Marks that an answer is waited for, which the style sheet shows if it takes long; one that never comes is not waited for for ever.
  function ask(root) {
    const mark = (root.dataset.asked = String(performance.now()));
    tell();
    setTimeout(() => root.dataset.asked === mark && answered(root), PATIENCE);
  }

  function answered(root) {
    if (!("asked" in root.dataset)) return;
    delete root.dataset.asked;
    tell();
  }

  const tell = () => document.body.toggleAttribute("data-asked", stages().some(({ root }) => "asked" in root.dataset));

  // The stage that an element stands in; null outside of all.
  function stageOf(element) {
    const root = element && element.closest && element.closest(".stage");
    return root ? root.savStage : null;
  }

  // Every stage that is on the page.
  const stages = () => mounted.filter((stage) => stage.root.isConnected);

  // What of that selector was clicked, if it stands in a stage and can be used.
  function control(target, selector) {
    const found = target.closest && target.closest(selector);
    return found && !found.disabled && stageOf(found) ? found : null;
  }

  // The data-* of an element that travel along with what is done to it: all but those that say what a script is to do.
  const WORDS = new Set("act run fetch change slide files drop camera hold webcam stroke key figure pick walk tab opens rows columns cells at points face refresh".split(" "));
  function plainData(element) {
    return Object.fromEntries(Object.entries(element.dataset).filter(([name]) => !WORDS.has(name)));
  }

  Object.assign(SAV, { mount, stageOf, stages, control, plainData });
})();
