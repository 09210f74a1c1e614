// The session that a reload goes back to: its name is known to this browser tab alone.
(() => {
  "use strict";
  const make = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

  function session() {
    try {
      let token = sessionStorage.getItem("sav-session");
      if (!token) sessionStorage.setItem("sav-session", (token = make()));
      return token;
    } catch (error) {
      return make(); // a private window: the work lasts for this page
    }
  }

  Object.assign(SAV, { session });
})();
