// Files that Python made.
//
//   {saved: {url, name}}   in a panel's content: the file is downloaded, once
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
  });

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
})();
