// How the page scrolls by itself, to what was asked for. Where that stands may change while the page is on its way, with what is
// drawn or loaded meanwhile: at the end of the way it is looked at once more. Whoever scrolls themselves is not held back, and who
// has scrolled since they last did something is reading: what is then found does not take them away from there.
(() => {
  "use strict";
  const MOST = 4; // ways to one place
  const OWN = ["wheel", "touchmove", "pointerdown", "keydown"]; // what a visitor scrolls with, or goes on to something else by
  const SCROLLS = new Set(["PageUp", "PageDown", "Home", "End", "ArrowUp", "ArrowDown", " "]);
  const HAVE_KEYS = "input, textarea, select, button, summary, a, [role=tab], [data-pick], [data-points]"; // of their own
  let reading = false;
  let aim = null; // how far it is still to go, and how often it may be gone

  // At once for those who want no motion.
  const pace = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth");

  // Scrolls until `distance`, in pixels down from where the page stands, is none.
  function scrollUntil(distance) {
    aim = { distance, ways: MOST };
    go(pace());
  }

  function go(behavior) {
    const { scrollTop, scrollHeight, clientHeight } = document.documentElement;
    const top = Math.max(-scrollTop, Math.min(Math.round(aim.distance()), scrollHeight - clientHeight - scrollTop));
    if (Math.abs(top) < 1 || !aim.ways--) aim = null;
    else scrollBy({ top, behavior });
  }

  document.addEventListener("scrollend", ({ target }) => aim && target === document && go("instant"));
  for (const kind of OWN) addEventListener(kind, () => (aim = null), { capture: true, passive: true });

  for (const kind of ["wheel", "touchmove"]) addEventListener(kind, () => (reading = true), { capture: true, passive: true });
  addEventListener("keydown", ({ key, target }) => SCROLLS.has(key) && !target.closest(HAVE_KEYS) && (reading = true), true);
  addEventListener("pointerdown", ({ target, clientX }) => {
    if (target === document.documentElement && clientX >= target.clientWidth) reading = true; // the scrollbar
  });
  for (const kind of ["click", "submit", "change", "drop", "paste"]) addEventListener(kind, () => (reading = false), true);

  // Scrolls to what has come by itself.
  const bring = (distance) => reading || scrollUntil(distance);

  Object.assign(SAV, { pace, scrollUntil, bring });
})();
