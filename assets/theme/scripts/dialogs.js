// Dialogs over the page.
//
//   <dialog data-modal>    opens over the page when it appears; closing it sends {do: data-closes}
//   data-stroke="key"      in it, a button that this key presses too
//   data-copy="id"         a click copies that element's text
(() => {
  "use strict";
  document.addEventListener("sav:drawn", ({ target }) => {
    for (const dialog of target.querySelectorAll("dialog[data-modal]")) if (!dialog.open) open(dialog);
  });

  function open(dialog) {
    dialog.showModal();
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      dialog.querySelector(`[data-act="${dialog.dataset.closes}"]`).click();
    });
  }

  document.addEventListener("keydown", (event) => {
    const dialog = document.querySelector("dialog[data-modal][open]");
    if (!dialog || event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, textarea, select")) return;
    const button = dialog.querySelector(`[data-stroke="${CSS.escape(event.key)}"]:enabled`);
    if (!button) return;
    event.preventDefault();
    button.click();
  }, true); // a clip that plays would wind with the same key

  document.addEventListener("click", async ({ target }) => {
    const dialog = target.closest("dialog[data-modal]");
    if (dialog && target === dialog) dialog.querySelector(`[data-act="${dialog.dataset.closes}"]`).click(); // beside it
    const button = target.closest("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch (error) {
      getSelection().selectAllChildren(text); // not allowed to copy: the keyboard still can
      button.textContent = "Selected: press Ctrl+C";
    }
  });
})();
