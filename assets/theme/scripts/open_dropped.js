// A saved project or classifier opens wherever it is dropped, on any page; other files are for what they are dropped on.
(() => {
  "use strict";
  const TAIL = 1 << 20; // bytes at a ZIP's end in which its table of contents is looked for

  // Whether a ZIP is a saved project: its table of contents names project.json.
  async function isProject(file) {
    const text = new TextDecoder("latin1").decode(await file.slice(Math.max(0, file.size - TAIL)).arrayBuffer());
    return /PK\x01\x02[\s\S]{42}project\.json/.test(text);
  }

  function open(file) {
    const input = document.querySelector('#project [data-files="open"]');
    SAV.sendFiles(SAV.stageOf(input), input, "open", [{ file }]);
  }

  document.addEventListener(
    "drop",
    async (event) => {
      const files = event.dataTransfer ? [...event.dataTransfer.files] : [];
      if (files.length !== 1 || event.savPassed || !/\.(sav|zip)$/i.test(files[0].name)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const { target } = event, [file] = files;
      document.querySelectorAll("[data-drop].over").forEach((zone) => zone.classList.remove("over"));
      if (/\.sav$/i.test(file.name) || (await isProject(file).catch(() => false))) return open(file);
      const transfer = new DataTransfer(); // the event's own is empty by now
      transfer.items.add(file);
      const again = new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: transfer });
      again.savPassed = true;
      (target.isConnected ? target : document.body).dispatchEvent(again);
    },
    true,
  );
})();
