"use strict";
// Draws the charts of a page that has nothing else to script.
window.molqStartLibraries();
molqCharts(JSON.parse(window.molqUnpacked(document.getElementById("chart-data"))));
window.molqReady = Promise.resolve();
document.documentElement.dataset.ready = "true";
