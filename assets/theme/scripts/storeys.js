// What floats at the bottom of the window stands in storeys, so that nothing of it lies on another: Undo and Redo, with what was
// just said beside them; the chosen pictures; what is to be done. The style sheets take the heights at which they begin from here,
// and the room that the page keeps for all of them below its end. What the keyboard goes to comes out from under them.
(() => {
  "use strict";
  const SAID = '.notice[data-key="notice"]';
  const EDGE = 2; // pixels below what was just said
  const GAP = 12; // pixels below and above the bar of chosen pictures
  const FLOATING = `.undo-bar, .chosen-bar, .go, ${SAID}`;
  const watcher = new ResizeObserver(stack);
  let storeys = 0;

  function height(selector) {
    const floating = [...document.querySelectorAll(selector)].filter((each) => getComputedStyle(each).position !== "static");
    return Math.max(0, ...floating.map((each) => each.offsetHeight)); // of a page that is not open: 0
  }

  function stack() {
    const said = height(SAID), chosen = height(".chosen-bar");
    const second = Math.max(height(".undo-bar"), said && said + EDGE), third = second + (chosen && chosen + GAP);
    const { style } = document.documentElement;
    style.setProperty("--second-storey", `${second}px`);
    style.setProperty("--third-storey", `${third}px`);
    style.setProperty("--storeys", `${(storeys = third + height(".go"))}px`);
  }

  // A browser takes what lies under them for seen.
  document.addEventListener("focusin", ({ target }) => {
    const floor = target.closest(`${FLOATING}, dialog, [data-menu]`);
    if (!target.matches(":focus-visible") || (floor && getComputedStyle(floor).position !== "static")) return;
    const { top, bottom } = target.getBoundingClientRect(), under = bottom - (innerHeight - storeys - GAP);
    if (under > 0 && under < top) scrollBy({ top: under, behavior: "instant" });
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const each of target.querySelectorAll(FLOATING)) watcher.observe(each);
    document.body.toggleAttribute("data-undo", Boolean(document.querySelector(".undo-bar")));
    stack(); // what has nothing to do any more stands in the page, with the same size
  });

  Object.assign(SAV, { floor: () => innerHeight - storeys }); // how far down the window shows the page
})();
