// Dialogs over the page.
//
//   <dialog data-modal>    opens over the page when it appears; closing it sends {do: data-closes}
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
