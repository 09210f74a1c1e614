// What a saved project and a dialog need of the browser, on top of stage.js.
//
//   {saved: {url, name}}   in a panel's content: the file is downloaded, once
//   <dialog data-modal>    opens over the page when it appears; closing it sends {do: data-closes}
//   data-copy="id"         a click copies that element's text
(() => {
  "use strict";
  const fetched = new Set();

  document.addEventListener("sav:drawn", ({ target, detail }) => {
    if (detail.saved && !fetched.has(detail.saved.url)) {
      fetched.add(detail.saved.url);
      const link = document.createElement("a");
      link.href = detail.saved.url;
      link.download = detail.saved.name;
      link.click();
    }
    delete target.dataset.working;
    for (const dialog of target.querySelectorAll("dialog[data-modal]")) if (!dialog.open) open(dialog);
  });

  function open(dialog) {
    dialog.showModal();
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      dialog.querySelector(`[data-act="${dialog.dataset.closes}"]`).click();
    });
  }

  // A large project takes a while to pack or to send: its menu turns until the server has answered.
  function work(element) {
    const stage = element.closest("#project .stage");
    if (!stage) return;
    stage.dataset.working = "";
    stage.querySelector("#project-menu").open = false;
  }
  document.addEventListener("click", ({ target }) => {
    const button = target.closest('[data-act^="save"]');
    if (button) work(button);
  });
  document.addEventListener("change", ({ target }) => {
    if (target.dataset.files === "open") work(target);
  });

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
