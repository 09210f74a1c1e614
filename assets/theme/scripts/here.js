// data-here: a place for this app's own address, which only the browser knows.
document.addEventListener("sav:drawn", ({ target }) => {
  for (const place of target.querySelectorAll("[data-here]")) place.textContent = location.origin + location.pathname;
});
