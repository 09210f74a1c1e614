// The pages.
//
//   data-tab="Name"     a click opens that page
(() => {
  "use strict";
  function openTab(name) {
    const button = [...document.querySelectorAll('[role="tab"]')].find((tab) => tab.textContent.trim() === name);
    if (button) button.click();
    window.scrollTo({ top: 0, behavior: "instant" });
  }

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-tab]");
    if (button) openTab(button.dataset.tab);
  });

  Object.assign(SAV, { openTab });
})();
