"use strict";
// Texts and libraries that stand in the page packed. At once, not by the browser's own streams:
// a page that is printed as soon as it has loaded is whole.
window.molqUnpacked = (element) => {
  const bytes = Uint8Array.from(atob(element.textContent), (letter) => letter.charCodeAt(0));
  element.textContent = ""; // the packed text is not needed twice
  return new TextDecoder().decode(window.fflate.gunzipSync(bytes));
};
window.molqStartLibraries = () => {
  for (const packed of document.querySelectorAll("script[data-library]")) {
    const script = document.createElement("script");
    script.dataset.started = packed.dataset.library;
    script.textContent = window.molqUnpacked(packed);
    document.head.append(script);
  }
};
