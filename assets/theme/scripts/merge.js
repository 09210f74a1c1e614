// New HTML is merged into the old by key, so that a field keeps its cursor and a picture is not loaded again.
//
//   data-key="name"   the same thing as what had that key among its siblings before; an id does as well
//   data-own="name"   what is in it belongs to a script, and stays
//   data-face         its style belongs to a script, and stays
//   data-reveal       scrolls into sight when it is new
(() => {
  "use strict";
  const KEEPS_STATE = new Set(["open", "data-busy"]);
  let revealing = false;

  // What is new scrolls into sight only if `reveals` says so: not when a page opens. What had the keyboard has it again, or what
  // does the same in its place: an element that is moved, written anew or taken away loses it.
  function merge(old, fresh, reveals) {
    const active = document.activeElement, inside = old.contains(active), next = inside && neighbours(active);
    revealing = reveals;
    mergeChildren(old, fresh);
    if (!inside || active === document.activeElement) return;
    const again = old.contains(active) ? active : [...old.querySelectorAll(active.nodeName)].find((each) => alike(active, each)) || next();
    if (again) again.focus({ preventScroll: true });
  }

  // Of what stands in a list: what does the same for the one that then has its place.
  function neighbours(active) {
    const item = active.closest("li, tr"), list = item && item.parentElement;
    const at = list ? [...list.children].indexOf(item) : 0;
    return () => {
      const heir = list && (list.children[at] || list.lastElementChild);
      return heir && heir.querySelector(`${active.nodeName}[data-act="${active.dataset.act}"]`);
    };
  }

  const does = ({ id, dataset }) => JSON.stringify([id, { ...dataset }]);
  const alike = (one, other) => (one.id || Object.keys(one.dataset).length > 0) && does(one) === does(other);

  const keyOf = (node) => (node.nodeType === 1 ? node.dataset.key || node.id || null : null);

  function mergeChildren(old, fresh) {
    const keyed = new Map();
    for (const child of old.childNodes) if (keyOf(child)) keyed.set(keyOf(child), child);
    let place = old.firstChild;
    for (const wanted of [...fresh.childNodes]) {
      const key = keyOf(wanted);
      let match = key ? keyed.get(key) : null;
      if (match) keyed.delete(key);
      else if (!key && place && !keyOf(place) && place.nodeName === wanted.nodeName) match = place;
      if (match && match.nodeName === wanted.nodeName) {
        if (match !== place) old.insertBefore(match, place);
        else place = place.nextSibling;
        mergeNode(match, wanted);
      } else {
        old.insertBefore(wanted, place);
        if (wanted.nodeType === 1 && revealing) {
          const found = wanted.matches("[data-reveal]") ? wanted : wanted.querySelector("[data-reveal]");
          if (found) requestAnimationFrame(() => reveal(found));
        }
      }
    }
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
  }

  function mergeNode(old, fresh) {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if ("figure" in old.dataset) {
      // Plotly owns what is in it, and its class; the height and the data are ours.
      old.setAttribute("aria-label", fresh.getAttribute("aria-label") || "");
      for (const name of Object.keys(old.dataset)) if (!(name in fresh.dataset)) delete old.dataset[name];
      Object.assign(old.dataset, fresh.dataset);
      old.style.height = fresh.style.height;
      return;
    }
    if ("own" in old.dataset) return;
    if (old.savSort && fresh.nodeName === "TABLE") SAV.sortRows(fresh, old.savSort); // before merging: a row that stays keeps its focus
    const keeps = (name) => KEEPS_STATE.has(name) || (name === "style" && "face" in old.dataset);
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !keeps(name)) old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes])
      if (old.getAttribute(name) !== value && !(KEEPS_STATE.has(name) && old.nodeName === "DETAILS")) old.setAttribute(name, value);
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(old.nodeName) && old !== document.activeElement) {
      if (old.type === "checkbox" || old.type === "radio") old.checked = fresh.checked;
      else if (old.type !== "file") old.value = fresh.nodeName === "TEXTAREA" ? fresh.textContent : fresh.value;
    }
    if (old.nodeName === "TEXTAREA" || old.nodeName === "VIDEO") return;
    mergeChildren(old, fresh);
  }

  // It may stand above the window too: what was closed further up, and answered late, has made the page shorter. Nor is it in
  // sight under what floats at the window's edge.
  function reveal(element) {
    SAV.bring(() => {
      const { top, bottom } = element.getBoundingClientRect(), floor = SAV.floor();
      if (top < 0) return top - 90;
      return bottom <= floor ? 0 : SAV.leaveInSight(Math.min(top - 90, bottom - floor + 20));
    });
  }

  Object.assign(SAV, { merge });
})();
