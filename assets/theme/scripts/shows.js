// What a click changes elsewhere on the page comes into sight: on a phone it may be screens away.
//
//   data-shows="id"     after a click, the element of that id scrolls into sight as soon as it shows what was clicked, that is
//                       with the data-query of what was clicked; an answer to something before may come first
(() => {
  "use strict";
  const EDGE = 8; // pixels above it
  let wanted = null;

  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-act],[data-shows]"); // a button in a row that shows may do something else
    if (button) wanted = button.dataset.shows ? { id: button.dataset.shows, query: button.dataset.query } : null;
  });

  document.addEventListener("sav:drawn", ({ target }) => {
    const element = wanted && target.querySelector(`#${wanted.id}`);
    if (!element || element.dataset.query !== wanted.query) return;
    wanted = null;
    SAV.scrollUntil(() => {
      const { top } = element.getBoundingClientRect();
      return top < 0 || top > innerHeight / 2 ? top - EDGE : 0;
    });
  });
})();
