"use strict";
// Draws the charts of a page that has nothing else to script; resolves when they can be drawn.
window.molqReady = (async () => {
  async function unpacked(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (letter) => letter.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  if (!window.DecompressionStream) {
    for (const plot of document.querySelectorAll(".plot")) {
      plot.textContent = "This browser is too old to draw the chart; its numbers stand below.";
    }
    return;
  }
  const library = document.createElement("script");
  library.textContent = await unpacked("chart-library");
  document.head.append(library);
  molqCharts(JSON.parse(await unpacked("chart-data")));
  document.documentElement.dataset.ready = "true";
})();
