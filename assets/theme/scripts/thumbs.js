// The examples of the label cards: several are chosen, then moved or removed together, or dragged to another card or place.
//
//   data-choose="id"        a checkbox that chooses an example; Shift chooses all from the last one on, Ctrl or Cmd and a click
//                           on the picture do as the checkbox does; Ctrl+A chooses all of the card that has the keyboard, or
//                           else the pointer, but for those that it does not show, data-more
//   data-chosen             the bar that says how many are chosen; inside it data-chosen-count, and what is done to them:
//                           data-chosen-act="remove", data-chosen-change="move"; data-chosen-all, of the cards that have some
//                           chosen, and data-chosen-none
//   draggable, data-item    an example that can be dragged to a card, or before or behind another example, by touch see lift.js;
//                           Alt and an arrow key put it one place on, Delete removes it
(() => {
  "use strict";
  const KIND = "application/x-sav-items";
  const TYPED = "textarea, select, input:not([type=checkbox])"; // there Ctrl+A is the field's own
  const chosen = new Set(); // the identities of examples, which the page draws as not chosen
  let last = null; // the checkbox that was used last
  let used = ""; // the example whose picture is open, or that was put elsewhere, to have the keyboard again

  const boxes = (place = document) => [...place.querySelectorAll("[data-choose]")];
  const lists = () => [...document.querySelectorAll(".cards .thumbs")];
  const ids = (id) => (chosen.has(id) ? [...chosen] : [id]).join(",");

  function show() {
    const all = boxes();
    for (const id of [...chosen]) if (!all.some((box) => box.dataset.choose === id)) chosen.delete(id);
    for (const box of all) {
      box.checked = chosen.has(box.dataset.choose);
      box.closest("li").classList.toggle("chosen", box.checked);
    }
    const bar = document.querySelector("[data-chosen]");
    if (!bar) return;
    bar.hidden = !chosen.size;
    const whole = lists().filter((list) => boxes(list).every((box) => box.checked));
    const hidden = whole.reduce((sum, list) => sum + Number(list.dataset.more), 0);
    bar.querySelector("[data-chosen-count]").textContent = `${chosen.size} chosen${hidden ? `; ${hidden} earlier not shown` : ""}`;
  }

  function choose(box, on, through) {
    const card = boxes(box.closest("ul"));
    const from = through && last ? card.indexOf(last) : -1, to = card.indexOf(box);
    const some = from < 0 ? [box] : card.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of some) chosen[on ? "add" : "delete"](each.dataset.choose);
    last = box;
    show();
  }

  function chooseAll(some) {
    for (const box of some.flatMap((list) => boxes(list))) chosen.add(box.dataset.choose);
    show();
  }

  function send(element, action, items, more = {}) {
    SAV.stageOf(element).send("act", { do: action, item: items, ...more });
    chosen.clear();
    show();
  }

  document.addEventListener("click", (event) => {
    const { target } = event, box = target.closest("[data-choose]"), frame = target.closest(".thumbs .frame");
    if (box) return choose(box, box.checked, event.shiftKey);
    if (frame && (event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.stopPropagation(); // it is not opened
      const its = frame.closest("li").querySelector("[data-choose]");
      return choose(its, event.shiftKey || !its.checked, event.shiftKey);
    }
    if (frame) used = frame.dataset.item;
    if (target.closest("[data-chosen-all]")) chooseAll(lists().filter((list) => list.querySelector(".chosen")));
    if (target.closest("[data-chosen-none]")) {
      chosen.clear();
      show();
    }
    const act = target.closest("[data-chosen-act]");
    if (act) send(act, act.dataset.chosenAct, [...chosen].join(","));
  }, true);

  document.addEventListener("change", ({ target }) => {
    if (!target.dataset.chosenChange || !target.value) return;
    send(target, target.dataset.chosenChange, [...chosen].join(","), { value: target.value });
    target.value = ""; // the same may be chosen next time
  });

  document.addEventListener("keydown", (event) => {
    const frame = event.target.closest(".thumbs .frame");
    if (frame && (event.key === "Delete" || event.key === "Backspace")) {
      event.preventDefault();
      send(frame, "remove", ids(frame.dataset.item));
    }
    const by = { ArrowLeft: "earlier", ArrowUp: "earlier", ArrowRight: "later", ArrowDown: "later" }[event.key];
    if (frame && by && event.altKey) {
      event.preventDefault();
      used = frame.dataset.item;
      SAV.stageOf(frame).send("act", { do: "shift", item: used, by });
    }
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a" && !event.target.closest(TYPED)) {
      const inside = document.activeElement === document.body ? document.querySelector(".card:hover") : event.target.closest(".card");
      const list = inside && inside.querySelector(".thumbs");
      if (list && !document.querySelector("dialog[open]")) {
        event.preventDefault();
        chooseAll([list]);
      }
    }
    if (event.key === "Escape" && chosen.size && !document.querySelector("dialog[open]")) {
      const last = document.querySelector(`[data-choose="${[...chosen].pop()}"]`);
      if (event.target.closest("[data-chosen]") && last) last.focus(); // the bar goes, and would take the keyboard along
      chosen.clear();
      show();
    }
  });

  // ---------------------------------------------------------------- dragged
  document.addEventListener("dragstart", (event) => {
    const item = event.target.closest && event.target.closest(".thumbs li[draggable]");
    if (!item) return;
    event.dataTransfer.setData(KIND, ids(item.dataset.item));
    event.dataTransfer.effectAllowed = "move";
  });

  // Where a drop would put what is dragged: under which card, and before which example; null for behind its last.
  function aim(target, x, y) {
    const card = target && target.closest(".card[data-label]"), at = target && target.closest(".thumbs li");
    if (!at) return { card, at: null, next: null };
    const { left, width, top, height } = at.getBoundingClientRect(), row = at.parentElement.matches(".texts");
    const behind = row ? y > top + height / 2 : x > left + width / 2;
    return { card, at, behind, next: behind ? at.nextElementSibling : at };
  }

  function mark({ card, at, behind }) {
    unmark();
    if (at) at.dataset.gap = behind ? "behind" : "before";
    else if (card) card.classList.add("over");
  }

  function unmark() {
    for (const card of document.querySelectorAll(".card.over")) card.classList.remove("over");
    for (const place of document.querySelectorAll(".thumbs [data-gap]")) delete place.dataset.gap;
  }

  function put({ card, next }, items) {
    unmark();
    if (card) send(card, "place", items, { label: card.dataset.label, before: next ? next.dataset.item : "" });
  }

  // Before the scripts that take files: a picture that is dragged may count as one.
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer || !event.dataTransfer.types.includes(KIND)) return;
      event.stopPropagation();
      event.preventDefault();
      const there = aim(event.target, event.clientX, event.clientY);
      if (kind === "drop") put(there, event.dataTransfer.getData(KIND));
      else if (kind === "dragleave") unmark();
      else mark(there);
    }, true);
  document.addEventListener("dragend", unmark);

  // ---------------------------------------------------------------- drawn anew
  document.addEventListener("sav:drawn", ({ target }) => {
    if (!target.querySelector(".cards")) return;
    show();
    if (used && !target.querySelector("dialog[data-modal]") && document.activeElement === document.body) {
      const frame = target.querySelector(`.thumbs .frame[data-item="${used}"]`);
      if (frame) frame.focus({ preventScroll: true });
      used = "";
    }
  });

  Object.assign(SAV, { draggedWith: ids, aim, markAim: mark, unmarkAim: unmark, putThere: put });
})();
