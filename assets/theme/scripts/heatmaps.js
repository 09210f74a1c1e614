// Heatmaps whose cells can be chosen, by mouse, by touch and by keyboard; the map stays in sight whatever opens.
//
//   data-pick="name"    a click in the figure, or a key while it has the keyboard, sends {do: name, x, y}
//   data-walk="name"    what arrow keys send in its place; Enter and the space bar then do as a click does
//   data-rows, data-columns, data-at="x y"
//                       how many cells there are, and the one that is chosen, where keys start
//   data-closes-pick    the button that closes what a choice has opened; Escape presses it, and the keyboard goes back
(() => {
  "use strict";
  const PATIENCE = 10000; // milliseconds after which an answer is lost, with its connection say, and holds up nothing
  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  STEPS.Home = [-Infinity, 0];
  STEPS.End = [Infinity, 0];
  STEPS.PageUp = [0, Infinity];
  STEPS.PageDown = [0, -Infinity];
  let last = null; // the map, or the button of a list, that something was chosen by
  let map = null; // the map in which something was chosen just now, for nothing else was done since

  function pick(place, x, y, name = place.dataset.pick) {
    if (!place.dataset.pick) return;
    if (document.activeElement !== place) place.focus({ preventScroll: true });
    last = map = place;
    place.savCursor = { x, y };
    place.savTop = place.getBoundingClientRect().top;
    place.savName = name;
    if (place.dataset.walk && name === place.dataset.pick) {
      place.savPassed = false;
      send(place); // each of them counts
    }
    else if (place.savAsked) place.savPassed = true;
    else ask(place);
  }

  // Keys may be quicker than Python answers: what they passed meanwhile is not asked for, only where they stand then.
  function ask(place) {
    place.savPassed = false;
    place.savAsked = setTimeout(answered, PATIENCE, place);
    send(place);
  }

  const send = (place) => SAV.stageOf(place).send("act", { ...SAV.plainData(place), do: place.savName, ...place.savCursor });

  function answered(place) {
    clearTimeout(place.savAsked);
    place.savAsked = 0;
    if (place.savPassed && place.savCursor && place.isConnected) ask(place);
  }

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const place of target.querySelectorAll("[data-pick]")) if (place.savAsked) answered(place);
  });

  // Where keys stand: its own place is ahead of the server's.
  function cursorOf(place) {
    if (place.savCursor || !place.dataset.at) return place.savCursor;
    const [x, y] = place.dataset.at.split(" ").map(Number);
    return { x, y };
  }

  function walk(place, [across, up]) {
    const columns = Number(place.dataset.columns), rows = Number(place.dataset.rows);
    const [low, high] = place._fullLayout.yaxis.range, down = low > high; // rows may be counted from the top
    const here = cursorOf(place) || { x: 0, y: down ? 0 : rows - 1 };
    const within = (value, count) => Math.max(0, Math.min(value, count - 1));
    pick(place, within(here.x + across, columns), within(here.y + (down ? -up : up), rows), place.dataset.walk);
    keepInSight(place, place.savCursor);
  }

  // Keys never go on in a map that is out of the window: the row that they have reached scrolls into it.
  function keepInSight(place, { y }) {
    const { yaxis } = place._fullLayout, at = place.getBoundingClientRect().top + yaxis._offset + yaxis.d2p(y);
    const room = 48, most = SAV.floor() - room;
    if (at < room) scrollBy({ top: at - room, behavior: "instant" });
    else if (at > most) scrollBy({ top: at - most, behavior: "instant" });
  }

  // How far the page may scroll to show what a choice has opened: not so far that the map leaves the window.
  function leaveInSight(wanted) {
    if (!map || !map.isConnected) return wanted;
    return Math.max(0, Math.min(wanted, map.getBoundingClientRect().top - 8));
  }

  // What opens may move the map: the page then scrolls so far that it stands where it was chosen.
  document.addEventListener("sav:drawn", ({ target }) => {
    const place = last;
    if (!place || place.savTop == null || !target.contains(place)) return;
    requestAnimationFrame(() => {
      const { top, bottom } = place.getBoundingClientRect();
      if (place.savTop != null && (top < 0 || bottom > innerHeight)) scrollBy({ top: top - place.savTop, behavior: "instant" });
      place.savTop = null;
    });
  });

  function listen(place) {
    place.on("plotly_click", (event) => pick(place, event.points[0].x, event.points[0].y));
    place.addEventListener("focus", () => place.dataset.at && (place.savCursor = null)); // chosen elsewhere meanwhile
  }

  document.addEventListener("keydown", (event) => {
    const place = event.target, step = STEPS[event.key];
    if (!place.dataset || !place.dataset.pick || !place.savListens) return;
    const here = place.dataset.walk && (event.key === "Enter" || event.key === " ") && cursorOf(place);
    if (!step && !here) return;
    event.preventDefault();
    if (step) walk(place, step);
    else pick(place, here.x, here.y);
  });

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-act],[data-run]");
    if (button) map = null;
    if (button && "layer" in button.dataset) last = button;
    if (button && "closesPick" in button.dataset && last && last.isConnected) last.focus({ preventScroll: true });
  });

  document.addEventListener("submit", () => (map = null));

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (document.activeElement.closest("details[data-menu][open]") || document.querySelector(":popover-open")) return;
    const stage = SAV.stageOf(document.activeElement);
    const button = stage && stage.root.querySelector("[data-closes-pick]");
    if (button) button.click();
  });

  Object.assign(SAV, { listenToMap: listen, leaveInSight });
})();
