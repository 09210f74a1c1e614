// A column that stays in sight beside a longer one, and is taller than the window, goes along with the page until its end is in
// sight, and back until its head is: stuck by its head, what stands further down in it would never be seen. The style sheets
// take from here, as --follow, how far below the window's upper edge it sticks.
(() => {
  "use strict";
  const COLUMNS = "#right, #vectors-top > .column:first-child, .atlas-cell > :last-child";
  const EDGE = 16; // pixels
  const tops = new WeakMap();
  let before = scrollY;

  function follow() {
    const moved = scrollY - before;
    before = scrollY;
    for (const column of document.querySelectorAll(COLUMNS)) {
      const least = Math.min(EDGE, SAV.floor() - EDGE - column.offsetHeight);
      const top = Math.max(least, Math.min(EDGE, (tops.get(column) ?? EDGE) - moved));
      tops.set(column, top);
      column.style.setProperty("--follow", `${top}px`); // which a new drawing takes away
    }
  }

  addEventListener("scroll", follow, { passive: true });
  addEventListener("resize", follow);
  document.addEventListener("sav:drawn", follow);
})();
