// Undo and Redo by the keyboard, on every page: Ctrl+Z and Ctrl+Shift+Z or Ctrl+Y, with Cmd on a Mac. A text field that has the
// keyboard undoes what was typed in it, as the browser does by itself.
(() => {
  "use strict";
  const TYPED = "textarea, [contenteditable], input:not([type=checkbox]):not([type=radio]):not([type=range]):not([type=file])";

  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    if (!(event.ctrlKey || event.metaKey) || event.altKey || (key !== "z" && key !== "y")) return;
    const stage = SAV.stageOf(document.querySelector("#undo .stage"));
    if (!stage || event.target.closest(TYPED) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    stage.send("act", { do: key === "y" || event.shiftKey ? "redo" : "undo" });
  });
})();
