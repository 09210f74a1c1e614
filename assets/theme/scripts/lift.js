// Examples are dragged by a finger too: one that rests on a picture lifts it, and moves it to where it is let go; near the edge of
// the window the page goes on. A finger that moves at once scrolls, as everywhere.
(() => {
  "use strict";
  const REST = 400; // milliseconds after which a picture is lifted
  const SLACK = 10; // pixels that a resting finger may move
  const EDGE = 90, STEP = 9; // pixels from the edge of the window, and that the page goes on with each frame there
  let finger = null; // its example, where it is, and what moves with it once it is lifted

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const list of target.querySelectorAll(".cards .thumbs")) if (!list.savTouched) listen(list);
  });

  function listen(list) {
    list.savTouched = true;
    list.addEventListener("touchstart", begin, { passive: true });
    list.addEventListener("touchmove", move, { passive: false });
    list.addEventListener("touchend", end);
    list.addEventListener("touchcancel", stop);
    for (const own of ["contextmenu", "dragstart"]) list.addEventListener(own, (event) => finger && (event.preventDefault(), event.stopPropagation()));
  }

  function begin({ target, touches }) {
    stop();
    const item = target.closest(".frame") && target.closest("li[draggable]");
    if (!item || touches.length > 1) return;
    const { clientX: x, clientY: y } = touches[0];
    finger = { item, x, y, ghost: null, timer: setTimeout(lift, REST) };
  }

  function lift() {
    const ids = SAV.draggedWith(finger.item.dataset.item), count = ids.split(",").length;
    const ghost = document.createElement("div");
    ghost.className = "sav-lifted";
    ghost.append(finger.item.querySelector(".frame").cloneNode(true));
    if (count > 1) ghost.append(Object.assign(document.createElement("span"), { textContent: count }));
    document.querySelector(".gradio-container").append(ghost);
    Object.assign(finger, { ids, ghost });
    if (navigator.vibrate) navigator.vibrate(12);
    follow();
  }

  function move(event) {
    if (!finger) return;
    const { clientX: x, clientY: y } = event.touches[0];
    if (!finger.ghost && Math.hypot(x - finger.x, y - finger.y) > SLACK) return stop();
    if (!finger.ghost) return;
    event.preventDefault(); // the page stays
    Object.assign(finger, { x, y });
  }

  const there = () => SAV.aim(document.elementFromPoint(finger.x, finger.y), finger.x, finger.y);

  function follow() {
    if (!finger || !finger.ghost) return;
    const { ghost, x, y } = finger;
    ghost.style.translate = `${x}px ${y}px`;
    if (y < EDGE) scrollBy({ top: -STEP, behavior: "instant" });
    else if (y > innerHeight - EDGE) scrollBy({ top: STEP, behavior: "instant" });
    SAV.markAim(there());
    requestAnimationFrame(follow);
  }

  function end(event) {
    if (finger && finger.ghost) {
      event.preventDefault(); // it is no tap
      SAV.putThere(there(), finger.ids);
    }
    stop();
  }

  function stop() {
    if (!finger) return;
    clearTimeout(finger.timer);
    if (finger.ghost) finger.ghost.remove();
    finger = null;
    SAV.unmarkAim();
  }
})();
