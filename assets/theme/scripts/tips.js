// Where the words of a tip stand: beside its button, inside of the window. Opening and closing is the browser's own (popover),
// so that a tip works by touch, by mouse and by keyboard.
(() => {
  "use strict";
  const EDGE = 10, GAP = 6;

  function put(words, button) {
    const at = button.getBoundingClientRect(), { width, height } = words.getBoundingClientRect();
    const room = document.documentElement.clientWidth - width - EDGE;
    const below = at.bottom + GAP + height < innerHeight - EDGE;
    const top = below ? at.bottom + GAP : Math.max(EDGE, at.top - GAP - height);
    const place = document.documentElement.style; // not of the words, whose attributes are the server's
    place.setProperty("--tip-left", `${Math.max(EDGE, Math.min(at.left + at.width / 2 - width / 2, room))}px`);
    place.setProperty("--tip-top", `${top}px`);
  }

  const shown = () => document.querySelector(".tip-words:popover-open");

  document.addEventListener(
    "toggle",
    ({ target: words, newState }) => {
      if (newState !== "open" || !words.matches(".tip-words")) return;
      const button = document.querySelector(`[popovertarget="${words.id}"]`);
      if (button) put(words, button);
    },
    true
  );
  addEventListener("scroll", () => shown() && shown().hidePopover(), { passive: true });
})();
