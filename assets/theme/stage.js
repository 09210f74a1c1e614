// The browser's half of sav_ui/panels/panel.py: shows the HTML and the figures that Python sends, and sends back what is done to them.
//
//   data-act="name"     a click sends {do: name, ...the element's other data-*} to Python
//   data-run="name"     the same for what needs the model; data-fetch="name" for fetching another
//   data-change="name"  the same with {value} when a field has been edited
//   data-slide="name"   the same while a slider moves; only the latest waits
//   data-files="name"   a file input: its files go up, then {do: name, files: [{path, name, folder, inside}]}
//   data-drop="name"    the same for what is dropped or pasted on the element; a drop on data-together inside it is one example
//   data-camera="name"  the same for pictures taken with the webcam
//   data-tab="Name"     a click opens that page
//   data-figure="name"  a place for the Plotly figure of that name; a click in a heatmap, or an arrow key while it has the
//                       keyboard, sends {do: data-pick, x, y}; data-at="x y" is the cell that is chosen, where keys start
//   data-opens="id"     a click opens that menu
//
// New HTML is merged into the old by key, so that a field keeps its cursor and a picture is not loaded again.
window.SAV = window.SAV || (() => {
  "use strict";
  const KEEPS_STATE = new Set(["open", "data-busy"]);
  let plotly = null;
  let dropTarget = null;
  let revealing = false; // what is new may scroll into sight, but not when a page opens
  const stages = [];

  // ---------------------------------------------------------------- merging
  function keyOf(node) {
    return node.nodeType === 1 ? node.dataset.key || node.id || null : null;
  }

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

  function reveal(element) {
    const { top, bottom } = element.getBoundingClientRect();
    if (bottom > innerHeight) window.scrollBy({ top: Math.min(top - 90, bottom - innerHeight + 20), behavior: pace() });
  }

  // How the page scrolls by itself: at once for those who want no motion.
  const pace = () => (matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth");

  function mergeNode(old, fresh) {
    if (old.nodeType !== 1) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    if ("figure" in old.dataset) {
      // Plotly owns what is in it, and its class; the height and the data are ours.
      old.setAttribute("aria-label", fresh.getAttribute("aria-label") || "");
      Object.assign(old.dataset, fresh.dataset);
      old.style.height = fresh.style.height;
      return;
    }
    if (old.savSort && fresh.nodeName === "TABLE") sortRows(fresh, old.savSort); // before merging: a row that stays keeps its focus
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name) && !KEEPS_STATE.has(name)) old.removeAttribute(name);
    for (const { name, value } of [...fresh.attributes])
      if (old.getAttribute(name) !== value && !(KEEPS_STATE.has(name) && old.nodeName === "DETAILS")) old.setAttribute(name, value);
    if (/^(INPUT|TEXTAREA|SELECT)$/.test(old.nodeName) && old !== document.activeElement) {
      if (old.type === "checkbox" || old.type === "radio") old.checked = fresh.checked;
      else if (old.type !== "file") old.value = fresh.nodeName === "TEXTAREA" ? fresh.textContent : fresh.value;
    }
    if (old.nodeName === "TEXTAREA" || old.nodeName === "VIDEO") return;
    mergeChildren(old, fresh);
  }

  // ---------------------------------------------------------------- figures
  function loadPlotly() {
    plotly =
      plotly ||
      new Promise((resolve, reject) => {
        const script = document.createElement("script");
        script.src = document.querySelector('meta[name="sav-plotly"]').content;
        script.onload = () => resolve(window.Plotly);
        script.onerror = () => reject(new Error("plotly.js did not load"));
        document.head.appendChild(script);
      });
    return plotly;
  }

  async function drawFigures(root, figures, send) {
    const places = [...root.querySelectorAll("[data-figure]")];
    if (!places.length) return;
    const Plotly = await loadPlotly();
    for (const place of places) {
      const json = figures[place.dataset.figure];
      const look = `${isDark()} ${json}`;
      if (!json || place.savFigure === look || !place.isConnected) continue;
      place.savFigure = look;
      const { data, layout } = inThemeOf(JSON.parse(json));
      await Plotly.react(place, data, layout, { displayModeBar: false, responsive: true });
      if (place.savListens) continue;
      place.savListens = true;
      place.on("plotly_click", (event) => pick(place, event.points[0].x, event.points[0].y, send));
      place.addEventListener("keydown", (event) => walk(place, event, send));
      place.addEventListener("focus", () => place.dataset.at && (place.savCursor = null)); // chosen elsewhere meanwhile
    }
  }

  function pick(place, x, y, send) {
    if (!place.dataset.pick) return;
    place.savCursor = { x, y };
    send("act", { ...plainData(place), do: place.dataset.pick, x, y });
  }

  const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  function walk(place, event, send) {
    const step = STEPS[event.key];
    if (!step || !place.dataset.pick) return;
    event.preventDefault();
    const columns = Number(place.dataset.columns), rows = Number(place.dataset.rows);
    const [x, y] = (place.dataset.at || `0 ${rows - 1}`).split(" ").map(Number);
    const here = place.savCursor || { x, y }; // its own is ahead of the server's
    const within = (value, count) => Math.max(0, Math.min(value, count - 1));
    pick(place, within(here.x + step[0], columns), within(here.y + step[1], rows), send);
  }

  // On a dark page what is little must be dark: a scale that runs from light to dark is turned round, and its words with it.
  function inThemeOf(figure) {
    // No one grey can be read on both papers: words have the page's.
    figure.layout.font = { ...figure.layout.font, color: getComputedStyle(document.body).getPropertyValue("--muted").trim() };
    if (!isDark()) return figure;
    const swap = { white: "#1d2457", "#1d2457": "white" };
    for (const trace of figure.data) {
      if (trace.meta && trace.meta.dark) trace.colorscale = trace.meta.dark; // one that has no light end
      else if (trace.colorscale) trace.reversescale = true;
    }
    for (const note of figure.layout.annotations || [])
      if (note.font && swap[note.font.color]) note.font.color = swap[note.font.color];
    return figure;
  }

  // ---------------------------------------------------------------- files
  const WORDS = new Set("act run fetch change slide files drop camera key figure pick tab opens rows columns at".split(" "));
  function plainData(element) {
    return Object.fromEntries(Object.entries(element.dataset).filter(([name]) => !WORDS.has(name)));
  }

  async function sendFiles(stage, element, action, chosen, more = {}) {
    if (!chosen.length) return;
    const zone = element.closest("[data-drop]") || element;
    const tell = (count) => (zone.dataset.busy = chosen.length === 1 ? "Adding …" : `Adding ${count} of ${chosen.length} …`);
    tell(0);
    try {
      const queue = chosen.map((entry, place) => ({ ...entry, place }));
      const done = [];
      const worker = async () => {
        for (let next; (next = queue.shift()); ) {
          const { path } = await stage.upload(next.file);
          const { name } = next.file, { folder = "", inside = "" } = next; // the last folder, and the path from what was chosen
          done.push({ place: next.place, path, name, folder, inside: inside || name });
          tell(done.length);
        }
      };
      await Promise.all([worker(), worker(), worker(), worker()]);
      done.sort((a, b) => a.place - b.place);
      stage.send("act", { ...plainData(element), ...more, do: action, files: done });
    } catch (error) {
      stage.send("act", { do: "upload_failed", reason: String(error.message || error) });
    } finally {
      delete zone.dataset.busy;
    }
  }

  async function entriesOf(transfer) {
    const roots = [...transfer.items].map((item) => item.webkitGetAsEntry && item.webkitGetAsEntry()).filter(Boolean);
    if (!roots.some((entry) => entry.isDirectory)) return [...transfer.files].map((file) => ({ file }));
    const found = [];
    const walk = async (entry, folder) => {
      if (entry.isFile) {
        const inside = entry.fullPath.replace(/^\//, "");
        found.push({ file: await new Promise((ok, no) => entry.file(ok, no)), folder, inside });
        return;
      }
      const reader = entry.createReader();
      for (;;) {
        const some = await new Promise((ok, no) => reader.readEntries(ok, no));
        if (!some.length) return;
        for (const child of some) await walk(child, entry.name);
      }
    };
    for (const entry of roots) await walk(entry, "");
    return found.filter(({ file }) => !isJunk(file));
  }

  // What file managers leave in folders.
  const isJunk = (file) => /^\.|^(thumbs\.db|desktop\.ini)$/i.test(file.name);

  function chosenFiles(input) {
    return [...input.files].filter((file) => !isJunk(file)).map((file) => {
      const parts = (file.webkitRelativePath || "").split("/");
      return { file, folder: parts.length > 1 ? parts[parts.length - 2] : "", inside: file.webkitRelativePath || "" };
    });
  }

  // ---------------------------------------------------------------- webcam
  async function openCamera(stage, element) {
    const dialog = document.createElement("dialog");
    dialog.className = "sav-camera";
    dialog.setAttribute("aria-label", "Webcam");
    dialog.innerHTML = `<video autoplay playsinline muted></video><p role="status">Hold the object up, then take pictures.</p>
      <div class="row"><button type="button" class="primary" data-shot>Take a picture</button><button type="button" data-close>Done</button></div>`;
    document.querySelector(".gradio-container").appendChild(dialog);
    dialog.showModal();
    const video = dialog.querySelector("video");
    const note = dialog.querySelector("p");
    let stream = null;
    const shots = [];
    const close = () => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      dialog.remove();
      if (shots.length) sendFiles(stage, element, element.dataset.camera, shots);
    };
    dialog.addEventListener("close", close);
    dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { width: 640, height: 480 } });
      video.srcObject = stream;
    } catch (error) {
      note.textContent = "The webcam cannot be used: allow it in the browser's address bar, or drop pictures instead.";
      dialog.querySelector("[data-shot]").disabled = true;
      return;
    }
    dialog.querySelector("[data-shot]").addEventListener("click", async () => {
      const blob = await snapshot(video, 480, "image/png");
      shots.push({ file: new File([blob], `webcam ${shots.length + 1}.png`, { type: "image/png" }) });
      note.textContent = `${shots.length} ${shots.length === 1 ? "picture" : "pictures"} taken.`;
    });
  }

  function snapshot(video, side, type) {
    const canvas = document.createElement("canvas");
    const scale = Math.min(1, side / Math.max(video.videoWidth, video.videoHeight, 1));
    canvas.width = Math.max(1, Math.round(video.videoWidth * scale));
    canvas.height = Math.max(1, Math.round(video.videoHeight * scale));
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, type, 0.85));
  }

  // ---------------------------------------------------------------- one stage
  function mount(element, props, trigger, upload, watch) {
    const root = element.querySelector(".stage");
    const waiting = []; // what is done before the server has said whose visit this is
    const send = (kind, data) => (stage.version > 0 ? trigger(kind, data) : waiting.push([kind, data]));
    const stage = { root, upload, send, version: -1 };
    const draw = () => {
      const value = props.value;
      if (!value || typeof value !== "object" || value.version < stage.version) return;
      const before = stage.version;
      stage.version = value.version;
      root.dataset.version = value.version;
      const fresh = document.createElement("div");
      fresh.innerHTML = value.html;
      revealing = before > 0;
      mergeChildren(root, fresh);
      drawFigures(root, value.figures || {}, stage.send).catch((error) => console.warn(error));
      root.querySelectorAll("input[type=range]").forEach(showSlider);
      if (value.next && stage.asked !== value.version) {
        stage.asked = value.version;
        trigger("run", {});
      }
      if (stage.went !== value.version) {
        stage.went = value.version;
        if (value.go) openTab(value.go);
        const target = value.focus && root.querySelector(value.focus);
        if (target) target.focus();
      }
      if (stage.version > 0) for (const [kind, data] of waiting.splice(0)) trigger(kind, data);
      root.dispatchEvent(new CustomEvent("sav:drawn", { bubbles: true, detail: value }));
    };
    root.addEventListener("click", (event) => {
      const target = event.target.closest("[data-act],[data-run],[data-fetch],[data-tab],[data-camera],[data-theme-toggle],[data-opens]");
      if (!target || !root.contains(target) || target.disabled) return;
      if (target.dataset.tab) openTab(target.dataset.tab);
      if ("themeToggle" in target.dataset) toggleTheme();
      if (target.dataset.opens) openMenu(document.getElementById(target.dataset.opens), event);
      if (target.dataset.camera) openCamera(stage, target);
      for (const kind of ["act", "run", "fetch"]) {
        if (!(kind in target.dataset)) continue;
        stage.send(kind, { ...plainData(target), do: target.dataset[kind] });
        const menu = target.closest("details[data-menu]");
        if (menu) menu.open = false;
      }
    });
    root.addEventListener("click", (event) => {
      const head = event.target.closest("button[data-sort]");
      if (head) sortTable(head);
    });
    root.addEventListener("change", (event) => {
      const target = event.target;
      if (target.dataset.files) {
        sendFiles(stage, target, target.dataset.files, chosenFiles(target)).then(() => (target.value = ""));
      } else if (target.dataset.change) {
        const value = target.type === "checkbox" ? target.checked : target.value;
        stage.send("act", { ...plainData(target), do: target.dataset.change, value });
      }
    });
    root.addEventListener("input", (event) => {
      const target = event.target;
      if (!target.dataset.slide) return;
      showSlider(target);
      stage.send("slide", { ...plainData(target), do: target.dataset.slide, value: Number(target.value) });
    });
    root.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && event.target.matches("input[data-change]")) event.target.blur();
      if (event.key === "Enter" && event.target.dataset.enter) {
        const button = root.querySelector(event.target.dataset.enter);
        if (button) button.click();
      }
    });
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      const form = event.target;
      const fields = Object.fromEntries(new FormData(form).entries());
      stage.send(form.dataset.kind || "act", { ...plainData(form), ...fields, do: form.dataset.submit });
      form.querySelectorAll("[data-clear]").forEach((field) => (field.value = ""));
      const menu = form.closest("details[data-menu]");
      if (menu) menu.removeAttribute("open");
    });
    for (const kind of ["dragenter", "dragover"])
      root.addEventListener(kind, (event) => {
        const zone = event.target.closest("[data-drop]");
        if (!zone) return;
        event.preventDefault();
        if (dropTarget && dropTarget !== zone) dropTarget.classList.remove("over");
        dropTarget = zone;
        zone.classList.add("over");
        const count = event.dataTransfer ? event.dataTransfer.items.length : 0;
        zone.toggleAttribute("data-many", count > 1);
        zone.toggleAttribute("data-joined", Boolean(event.target.closest("[data-together]")));
      });
    root.addEventListener("dragleave", (event) => {
      const zone = event.target.closest("[data-drop]");
      if (zone && !zone.contains(event.relatedTarget)) zone.classList.remove("over");
    });
    root.addEventListener("drop", async (event) => {
      const zone = event.target.closest("[data-drop]");
      if (!zone) return;
      event.preventDefault();
      zone.classList.remove("over");
      zone.removeAttribute("data-many");
      const together = Boolean(event.target.closest("[data-together]"));
      sendFiles(stage, zone, zone.dataset.drop, await entriesOf(event.dataTransfer), { together });
    });
    document.addEventListener("paste", (event) => {
      const files = [...(event.clipboardData ? event.clipboardData.files : [])];
      if (!files.length || !root.offsetParent) return;
      // To what the pointer is over; or to what has the keyboard, if that is inside of it.
      const under = [...root.querySelectorAll("[data-drop]:hover")].pop();
      const active = document.activeElement.closest("[data-drop]");
      const zone = active && (!under || under.contains(active)) ? active : under || root.querySelector("[data-drop]");
      if (!zone || !root.contains(zone)) return;
      event.preventDefault();
      sendFiles(stage, zone, zone.dataset.drop, files.map((file) => ({ file })));
    });
    stage.draw = draw;
    root.savStage = stage; // for a page's own script, which may send events of its own
    stages.push(stage);
    watch("value", draw);
    draw();
    return stage;
  }

  function sortTable(button) {
    const header = button.closest("th");
    const column = [...header.parentNode.children].indexOf(header);
    const down = header.getAttribute("aria-sort") === "ascending";
    const table = header.closest("table");
    table.savSort = { column, down }; // for the next rows that the server sends, in its own order
    sortRows(table, table.savSort);
  }

  function sortRows(table, { column, down }) {
    [...table.tHead.rows[0].cells].forEach((header, place) => {
      if (place === column) header.setAttribute("aria-sort", down ? "descending" : "ascending");
      else header.removeAttribute("aria-sort");
    });
    const body = table.tBodies[0];
    const cellOf = (row) => {
      let end = 0; // a cell may span columns
      return [...row.cells].find((cell) => (end += cell.colSpan) > column);
    };
    const valueOf = (row) => cellOf(row).dataset.value ?? cellOf(row).textContent.trim();
    const compare = (a, b) => valueOf(a).localeCompare(valueOf(b), undefined, { numeric: true });
    body.append(...[...body.rows].sort((a, b) => (down ? -1 : 1) * compare(a, b)));
  }

  function showSlider(slider) {
    const low = Number(slider.min), high = Number(slider.max);
    const share = high > low ? (Number(slider.value) - low) / (high - low) : 0;
    slider.style.setProperty("--share", `${100 * share}%`);
    const output = slider.id && document.querySelector(`output[for="${slider.id}"]`);
    if (output) output.textContent = slider.value;
  }

  function openTab(name) {
    const button = [...document.querySelectorAll('[role="tab"]')].find((tab) => tab.textContent.trim() === name);
    if (button) button.click();
    window.scrollTo({ top: 0, behavior: "instant" });
  }

  // ---------------------------------------------------------------- menus
  function openMenu(menu, event) {
    if (!menu) return;
    event.stopPropagation();
    closeMenus(null);
    menu.open = true;
    menu.scrollIntoView({ block: "nearest" });
    menu.querySelector("summary").focus();
  }

  function closeMenus(keep) {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== keep) menu.open = false;
  }

  document.addEventListener("click", (event) => closeMenus(event.target.closest("details[data-menu]")));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    const menu = document.activeElement && document.activeElement.closest("details[data-menu][open]");
    closeMenus(null);
    if (menu) menu.querySelector("summary").focus();
  });

  // A file that misses every place to drop it must not replace the page.
  for (const kind of ["dragover", "drop"])
    document.addEventListener(kind, (event) => {
      if (!event.defaultPrevented && event.dataTransfer && event.dataTransfer.types.includes("Files")) event.preventDefault();
    });

  // ---------------------------------------------------------------- light and dark
  const isDark = () => document.body.classList.contains("dark");

  let chosenTheme = null; // what the visitor chose; without a choice the system's is followed

  function toggleTheme() {
    chosenTheme = isDark() ? "light" : "dark";
    applyTheme();
    try {
      localStorage.setItem("sav-theme", chosenTheme);
    } catch (error) {
      /* a private window: the choice lasts for this page */
    }
  }

  function applyTheme() {
    if (chosenTheme && isDark() !== (chosenTheme === "dark")) document.body.classList.toggle("dark");
  }

  function restoreTheme() {
    try {
      if (!new URLSearchParams(location.search).has("__theme")) chosenTheme = localStorage.getItem("sav-theme");
    } catch (error) {
      /* a private window: nothing is remembered */
    }
    applyTheme();
    // Gradio sets the system's theme whenever it starts, and when the system turns dark or light.
    let shown = isDark();
    const follow = () => {
      applyTheme();
      if (shown === isDark()) return;
      shown = isDark();
      stages.filter((stage) => stage.root.isConnected).forEach((stage) => stage.draw());
    };
    new MutationObserver(follow).observe(document.body, { attributes: true, attributeFilter: ["class"] });
  }

  // Gradio adds this script to the head before or after the body is there.
  if (document.body) restoreTheme();
  else addEventListener("DOMContentLoaded", restoreTheme);

  // ---------------------------------------------------------------- the visit that a reload goes back to
  function session() {
    const make = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    try {
      let token = sessionStorage.getItem("sav-session");
      if (!token) sessionStorage.setItem("sav-session", (token = make()));
      return token;
    } catch (error) {
      return make();
    }
  }

  return { mount, session, snapshot, loadPlotly, mergeChildren, pace };
})();
