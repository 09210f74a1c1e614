// The examples of the label cards: several are chosen, then moved or removed together, or dragged to another card.
//
//   data-choose="id"        a checkbox that chooses an example; Shift chooses all from the last one on, Ctrl or Cmd and a click
//                           on the picture do as the checkbox does
//   data-chosen             the bar that says how many are chosen; inside it data-chosen-count, and what is done to them:
//                           data-chosen-act="remove", data-chosen-change="move", data-chosen-none
//   draggable, data-item    an example that can be dragged to a card; Delete on it removes it
(() => {
  "use strict";
  const KIND = "application/x-sav-items";
  const chosen = new Set(); // the identities of examples, which the page draws as not chosen
  let last = null; // the checkbox that was used last
  let enlarged = ""; // the example whose picture is open, to have the keyboard again

  const boxes = () => [...document.querySelectorAll("[data-choose]")];
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
    bar.querySelector("[data-chosen-count]").textContent = `${chosen.size} chosen`;
  }

  function choose(box, on, through) {
    const card = boxes().filter((other) => other.closest("ul") === box.closest("ul"));
    const from = through && last ? card.indexOf(last) : -1, to = card.indexOf(box);
    const some = from < 0 ? [box] : card.slice(Math.min(from, to), Math.max(from, to) + 1);
    for (const each of some) chosen[on ? "add" : "delete"](each.dataset.choose);
    last = box;
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
    if (frame) enlarged = frame.dataset.item;
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
    if (event.key === "Escape" && chosen.size && !document.querySelector("dialog[open]")) {
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

  // Before the scripts that take files: a picture that is dragged may count as one.
  for (const kind of ["dragenter", "dragover", "dragleave", "drop"])
    document.addEventListener(kind, (event) => {
      if (!event.dataTransfer || !event.dataTransfer.types.includes(KIND)) return;
      event.stopPropagation();
      event.preventDefault();
      const card = event.target.closest(".card[data-label]");
      unmark();
      if (card && kind !== "drop" && kind !== "dragleave") card.classList.add("over");
      if (card && kind === "drop") send(card, "move", event.dataTransfer.getData(KIND), { label: card.dataset.label });
    }, true);
  document.addEventListener("dragend", unmark);

  function unmark() {
    for (const card of document.querySelectorAll(".card.over")) card.classList.remove("over");
  }

  // ---------------------------------------------------------------- drawn anew
  document.addEventListener("sav:drawn", ({ target }) => {
    if (!target.querySelector(".cards")) return;
    show();
    if (enlarged && !target.querySelector("dialog[data-modal]") && document.activeElement === document.body) {
      const frame = target.querySelector(`.thumbs .frame[data-item="${enlarged}"]`);
      if (frame) frame.focus({ preventScroll: true });
      enlarged = "";
    }
  });
})();
