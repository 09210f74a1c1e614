// What a click changes elsewhere on the page comes into sight: on a phone it may be screens away.
//
//   data-shows="id"     after a click, the element of that id scrolls into sight as soon as it is drawn anew
(() => {
  "use strict";
  let wanted = "";

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-act],[data-shows]"); // a button in a row that shows may do something else
    if (button && button.dataset.shows) wanted = button.dataset.shows;
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    const element = wanted && target.querySelector(`#${wanted}`);
    if (!element) return;
    wanted = "";
    const { top } = element.getBoundingClientRect();
    if (top < 0 || top > innerHeight / 2) element.scrollIntoView({ block: "start", behavior: SAV.pace() });
  });
})();
