// Pictures taken with the webcam, in a dialog.
//
//   data-camera="name"  a click opens it; the pictures are sent as those of data-files are
(() => {
  "use strict";
  document.addEventListener("click", ({ target }) => {
    const button = SAV.control(target, "[data-camera]");
    if (button) open(SAV.stageOf(button), button);
  });

  async function open(stage, element) {
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
      if (shots.length) SAV.sendFiles(stage, element, element.dataset.camera, shots);
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

  Object.assign(SAV, { snapshot });
})();
