// Pictures for a label, taken by the live webcam beside the cards while a button is held; where clips are taught, one clip after
// another. What was taken goes to the label's card when the button is let go.
//
//   data-hold="name"    in a webcam's panel: the files of data-label are sent as those of data-files are
(() => {
  "use strict";
  const MOST = 100; // pictures at a time, as in the dialog

  document.addEventListener("sav:drawn", ({ target }) => {
    for (const button of target.querySelectorAll("[data-hold]")) if (!button.savHolds) listen(button);
  });

  function listen(button) {
    const words = button.querySelector("[data-own]"), idle = words.textContent;
    let files = [], taking = null;
    button.savHolds = true;

    function take() {
      if (taking || files.length >= MOST) return;
      taking = one(button, files.length + 1).then((file) => file && files.push(file)).finally(() => (taking = null));
      taking.then(() => (words.textContent = `${files.length} taken`));
    }

    async function done() {
      await taking;
      const card = document.querySelector(`.card[data-label="${button.dataset.label}"]`);
      if (card) SAV.sendFiles(SAV.stageOf(card), card, button.dataset.hold, files.map((file) => ({ file })));
      files = [];
      words.textContent = idle;
    }

    SAV.whileHeld(button, take, done);
  }

  // One picture, or one clip; nothing while the webcam has not begun.
  async function one(button, number) {
    const { root } = SAV.stageOf(button), video = root.querySelector("video");
    if (!video.videoWidth) return null;
    if (!("frames" in root.querySelector(".live").dataset)) return SAV.shot(video, number);
    try {
      return await SAV.recorded(video.srcObject, number);
    } catch (error) {
      root.querySelector("[data-note]").textContent = "This browser could not record: drop a clip instead.";
      return null;
    }
  }
})();
