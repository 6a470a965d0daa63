"use strict";
// The licences of the libraries in this page, unpacked when they are asked for.
for (const licence of document.querySelectorAll("details.licence")) {
  licence.addEventListener("toggle", () => {
    licence.querySelector("pre").textContent = window.molqUnpacked(licence.querySelector("script"));
  }, { once: true });
}
