// Draws the figures of a page with Plotly.
"use strict";
(function () {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const config = {
    displaylogo: false, responsive: true, plotlyServerURL: "", displayModeBar: "hover",
    modeBarButtons: [["toImage", "zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"]],
    toImageButtonOptions: { format: "svg" },
  };

  for (const plot of document.querySelectorAll(".plot")) {
    const figure = figures[Number(plot.dataset.index)];
    Plotly.newPlot(plot, figure.data, figure.layout, config);
  }
})();
