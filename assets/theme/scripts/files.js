// Files go up first, then their paths are sent.
//
//   data-files="name"   a file input: its files go up, then {do: name, files: [{path, name, folder, inside}]} is sent
//   data-drop="name"    the same for what is dropped or pasted on the element; a drop on data-together inside it is one example
//   data-drop-anywhere  takes what is dropped beside every such element while its page is open
(() => {
  "use strict";
  let hovered = null; // what a drag is over

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
      stage.send("act", { ...SAV.plainData(element), ...more, do: action, files: done });
    } catch (error) {
      stage.send("act", { do: "upload_failed", reason: String(error.message || error) });
    } finally {
      delete zone.dataset.busy;
    }
  }

  // ---------------------------------------------------------------- chosen
  document.addEventListener("change", ({ target }) => {
    const stage = SAV.stageOf(target);
    if (stage && target.dataset.files)
      sendFiles(stage, target, target.dataset.files, chosenFiles(target)).then(() => (target.value = ""));
  });

  function chosenFiles(input) {
    return [...input.files].filter((file) => !isJunk(file)).map((file) => {
      const parts = (file.webkitRelativePath || "").split("/");
      return { file, folder: parts.length > 1 ? parts[parts.length - 2] : "", inside: file.webkitRelativePath || "" };
    });
  }

  // What file managers leave in folders.
  const isJunk = (file) => /^\.|^(thumbs\.db|desktop\.ini)$/i.test(file.name);

  // ---------------------------------------------------------------- dropped
  for (const kind of ["dragenter", "dragover"])
    document.addEventListener(kind, (event) => {
      const zone = zoneOf(event);
      if (!zone) return;
      event.preventDefault();
      if (hovered && hovered !== zone) hovered.classList.remove("over");
      hovered = zone;
      zone.classList.add("over");
      const count = event.dataTransfer ? event.dataTransfer.items.length : 0;
      zone.toggleAttribute("data-many", count > 1);
      zone.toggleAttribute("data-joined", Boolean(event.target.closest("[data-together]")));
    });

  document.addEventListener("dragleave", (event) => {
    const zone = zoneOf(event);
    if (zone && !zone.contains(event.relatedTarget)) zone.classList.remove("over");
  });

  document.addEventListener("drop", async (event) => {
    const zone = zoneOf(event);
    if (!zone) return;
    event.preventDefault();
    zone.classList.remove("over");
    zone.removeAttribute("data-many");
    const together = Boolean(event.target.closest("[data-together]"));
    sendFiles(SAV.stageOf(zone), zone, zone.dataset.drop, await entriesOf(event.dataTransfer), { together });
  });

  // A file that misses every place to drop it must not replace the page.
  for (const kind of ["dragover", "drop"])
    document.addEventListener(kind, (event) => {
      if (!event.defaultPrevented && event.dataTransfer && event.dataTransfer.types.includes("Files")) event.preventDefault();
    });

  function zoneOf({ target, dataTransfer }) {
    const zone = target.closest && target.closest("[data-drop]");
    if (zone) return SAV.stageOf(zone) ? zone : null;
    const files = dataTransfer && dataTransfer.types.includes("Files");
    return (files && [...document.querySelectorAll("[data-drop-anywhere]")].find((each) => each.offsetParent)) || null;
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

  // ---------------------------------------------------------------- pasted
  document.addEventListener("paste", (event) => {
    const files = [...(event.clipboardData ? event.clipboardData.files : [])];
    const zones = SAV.stages().filter(({ root }) => root.offsetParent).flatMap(({ root }) => [...root.querySelectorAll("[data-drop]")]);
    if (!files.length || !zones.length) return;
    // To what the pointer is over; or to what has the keyboard, if that is inside of it.
    const under = zones.filter((zone) => zone.matches(":hover")).pop();
    const active = document.activeElement.closest("[data-drop]");
    const zone = active && (!under || under.contains(active)) ? active : under || zones[0];
    event.preventDefault();
    sendFiles(SAV.stageOf(zone), zone, zone.dataset.drop, files.map((file) => ({ file })));
  });

  Object.assign(SAV, { sendFiles });
})();
