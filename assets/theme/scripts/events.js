// What is done to buttons, fields and forms becomes an event for Python.
//
//   data-act="name"     a click sends {do: name, ...the element's other data-*}
//   data-run="name"     the same for what needs the model; data-fetch="name" for fetching another
//   data-change="name"  the same with {value} when a field has been edited; Escape takes back what was typed
//   data-submit="name"  a form: the same with its fields; data-kind says that it is no act; data-clear empties a field
//   data-enter="css"    Enter in the field clicks that button
(() => {
  "use strict";
  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-act],[data-run],[data-fetch]");
    if (!button) return;
    for (const kind of ["act", "run", "fetch"])
      if (kind in button.dataset) SAV.stageOf(button).send(kind, { ...SAV.plainData(button), do: button.dataset[kind] });
    const menu = button.closest("details[data-menu]");
    if (menu) menu.open = false;
  });

  document.addEventListener("change", ({ target }) => {
    const stage = SAV.stageOf(target);
    if (!stage || !target.dataset.change) return;
    const value = target.type === "checkbox" ? target.checked : target.value;
    stage.send("act", { ...SAV.plainData(target), do: target.dataset.change, value });
  });

  document.addEventListener("keydown", (event) => {
    const stage = event.key === "Enter" && SAV.stageOf(event.target);
    if (!stage) return;
    if (event.target.matches("input[data-change]")) event.target.blur();
    const button = event.target.dataset.enter && stage.root.querySelector(event.target.dataset.enter);
    if (button) button.click();
  });

  const TEXT = "input[type=text][data-change], textarea[data-change]";
  document.addEventListener("focusin", ({ target }) => {
    if (target.matches(TEXT)) target.savBefore = target.value;
  });
  document.addEventListener("keydown", ({ key, target }) => {
    if (key !== "Escape" || !target.matches(TEXT) || target.savBefore === undefined) return;
    target.value = target.savBefore; // set by a script it is no change
    target.blur();
  });

  document.addEventListener("submit", (event) => {
    const form = event.target, stage = SAV.stageOf(form);
    if (!stage) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form).entries());
    stage.send(form.dataset.kind || "act", { ...SAV.plainData(form), ...fields, do: form.dataset.submit });
    form.querySelectorAll("[data-clear]").forEach((field) => (field.value = ""));
    const menu = form.closest("details[data-menu]");
    if (menu) menu.removeAttribute("open");
  });
})();
