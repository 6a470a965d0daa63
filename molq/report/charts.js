"use strict";
// Draws chart specifications (molq/report/charts) with the page's own Plotly.
window.molqChart = (() => {
  const DARK = matchMedia("(prefers-color-scheme: dark)");
  const PRINTED = 480; // px, width of a chart on paper
  // on white each has a contrast of 3 and more; told apart with the common kinds of colour blindness
  const LIGHT = {
    paper: "#ffffff", ink: "#17202b", soft: "#55616f", faint: "#7a8593", line: "#dfe4ea", accent: "#0b5d6b",
    amber: "#b86a00", blue: "#0072b2", green: "#007a5e", rose: "#a8478b", sky: "#3f7f8c", vermillion: "#c44e00",
  };
  const NIGHT = {
    paper: "#12171d", ink: "#e8edf2", soft: "#b3bdc8", faint: "#8693a1", line: "#2c3540", accent: "#58b9c7",
    amber: "#e69f00", blue: "#56a9e0", green: "#3fbf9b", rose: "#dd8cc4", sky: "#7cc0cc", vermillion: "#f08a4b",
  };
  const drawn = new Map(); // figure -> what was drawn in it

  function palette(element) {
    const style = getComputedStyle(element);
    const paper = style.getPropertyValue("--surface").trim();
    const rgb = paper.match(/^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i);
    const isDark = rgb !== null && rgb.slice(1).reduce((sum, part) => sum + parseInt(part, 16), 0) < 3 * 110;
    const colours = { ...(isDark ? NIGHT : LIGHT) };
    for (const name of Object.keys(colours)) {
      const own = style.getPropertyValue(`--${name === "paper" ? "surface" : name}`).trim();
      if (own) colours[name] = own;
    }
    return { colours, family: style.fontFamily };
  }

  const isPlain = (value) => value !== null && typeof value === "object" && !Array.isArray(value);

  function painted(value, colours) {
    if (typeof value === "string") return value.startsWith("@") ? (colours[value.slice(1)] ?? value) : value;
    if (Array.isArray(value)) return value.map((item) => painted(item, colours));
    if (!isPlain(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, painted(item, colours)]));
  }

  function merged(base, update) {
    if (!isPlain(base) || !isPlain(update)) return update === undefined ? base : update;
    const all = { ...base };
    for (const [key, value] of Object.entries(update)) all[key] = merged(base[key], value);
    return all;
  }

  function themed(layout, { colours, family }) {
    const base = {
      font: { family, size: 12, color: colours.soft },
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      colorway: ["ink", "blue", "amber", "green", "rose", "faint"].map((name) => colours[name]),
      margin: { l: 58, r: 14, t: 12, b: 46 },
      hovermode: "closest",
      hoverlabel: { bgcolor: colours.paper, bordercolor: colours.faint, align: "left", font: { family, color: colours.ink } },
      legend: { orientation: "h", x: 0, y: 1.02, yanchor: "bottom", traceorder: "normal" },
      modebar: { bgcolor: "rgba(0,0,0,0)", color: colours.faint, activecolor: colours.accent },
      xaxis: {}, yaxis: {},
    };
    const all = merged(base, painted(speltLayout(layout ?? {}), colours));
    for (const name of Object.keys(all).filter((key) => /^[xy]axis\d*$/.test(key))) {
      all[name] = merged(
        { gridcolor: colours.line, linecolor: colours.faint, zeroline: false, automargin: true, title: { standoff: 8 } },
        all[name],
      );
    }
    return all;
  }

  // Plotly reads tags and entities in every text; here texts are texts
  const spelt = (text) =>
    typeof text === "string" ? text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("\n", "<br>") : text;

  function speltTrace(trace) {
    const all = { ...trace };
    for (const name of ["name", "text", "hovertext", "x", "y", "labels"]) {
      if (Array.isArray(all[name])) all[name] = all[name].map(spelt);
      else if (name in all) all[name] = spelt(all[name]);
    }
    return all;
  }

  function speltLayout(layout) {
    const all = { ...layout };
    for (const name of Object.keys(all).filter((key) => /^[xy]axis\d*$/.test(key))) {
      const axis = { ...all[name], title: { ...all[name].title, text: spelt(all[name].title?.text) } };
      all[name] = axis.ticktext ? { ...axis, ticktext: axis.ticktext.map(spelt) } : axis;
    }
    if (all.annotations) all.annotations = all.annotations.map((note) => ({ ...note, text: spelt(note.text) }));
    return all;
  }

  const keyOf = (trace, place) => {
    const key = trace?.customdata?.[place];
    return typeof key === "string" ? key : null;
  };

  // what a point says, line by line: its own text, or its numbers
  function saying(trace, place) {
    const text = Array.isArray(trace.text) ? trace.text[place] : trace.text;
    if (typeof text === "string" && text) return text;
    return `${trace.name ?? ""} ${trace.x?.[place] ?? ""}, ${trace.y?.[place] ?? ""}`.trim();
  }

  function made(tag, className, parent, text = "") {
    const element = document.createElement(tag);
    element.className = className;
    if (text) element.textContent = text;
    parent?.append(element);
    return element;
  }

  class Chart {
    constructor(figure, spec, context) {
      Object.assign(this, { figure, spec, context, view: 0, current: -1 });
      this.plot = figure.querySelector(".plot") ?? made("div", "plot", figure);
      this.plot.replaceChildren();
      this.plot.style.height = `${spec.height ?? 320}px`;
      this.plot.tabIndex = 0;
      this.plot.setAttribute("role", "group");
      this.plot.setAttribute("aria-roledescription", "chart");
      this.plot.setAttribute("aria-keyshortcuts", "ArrowRight ArrowLeft Home End PageUp PageDown Enter Escape");
      this.plot.setAttribute("aria-label", spec.alt ?? spec.title ?? "chart");
      this.card = made("div", "chart-card", figure);
      this.card.hidden = true;
      this.ring = made("div", "chart-ring", figure);
      this.ring.hidden = true;
      this.live = made("p", "visually-hidden", figure);
      this.live.setAttribute("aria-live", "polite");
      if (spec.views?.length > 1) this.choice();
    }

    choice() {
      const set = document.createElement("fieldset");
      set.className = "chart-views";
      made("legend", "visually-hidden", set, `Show in: ${this.spec.title ?? "chart"}`);
      this.spec.views.forEach((view, place) => {
        const label = made("label", "", set);
        const radio = made("input", "", label);
        Object.assign(radio, { type: "radio", name: `view-${this.spec.id}`, checked: place === 0 });
        radio.addEventListener("change", () => this.show(place));
        label.append(view.name);
      });
      this.plot.before(set);
    }

    show(place) {
      this.view = place;
      this.current = -1;
      this.hide();
      return this.draw();
    }

    traces(colours) {
      const view = this.spec.views?.[this.view];
      this.said = this.spec.data.map((trace, place) => merged(trace, view?.data?.[place] ?? {}));
      return this.said.map((trace) => {
        const all = painted(speltTrace(trace), colours);
        // molecules are shown on a card of their own, with their structure
        if (all.customdata) return { ...all, hoverinfo: "none", hovertemplate: undefined };
        return all.text && !all.hovertemplate && !all.textinfo ? { ...all, hoverinfo: all.hoverinfo ?? "text" } : all;
      });
    }

    async draw() {
      const theme = palette(this.figure);
      const view = this.spec.views?.[this.view];
      const layout = themed(merged(this.spec.layout ?? {}, view?.layout ?? {}), theme);
      layout.height = this.spec.height ?? 320;
      const config = {
        displaylogo: false, responsive: true, scrollZoom: false, doubleClick: "reset",
        modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
        toImageButtonOptions: { format: "svg", filename: this.spec.id ?? "chart" },
      };
      const isFirst = !this.plot.classList.contains("js-plotly-plot");
      await Plotly.react(this.plot, this.traces(theme.colours), layout, config);
      if (isFirst) this.listen();
      if (this.marked) this.mark(this.marked);
    }

    listen() {
      this.plot.on("plotly_hover", (event) => this.point(event.points[0]));
      this.plot.on("plotly_unhover", () => this.hide());
      this.plot.on("plotly_click", (event) => this.open(keyOf(event.points[0].data, event.points[0].pointNumber)));
      this.plot.addEventListener("keydown", (event) => this.key(event));
      this.plot.addEventListener("blur", () => this.hide());
    }

    // the points in the order in which the keyboard goes through them
    points() {
      const found = [];
      (this.plot.data ?? []).forEach((trace, curveNumber) => {
        if (trace.visible === "legendonly" || trace.visible === false || trace.hoverinfo === "skip") return;
        const places = [...(trace.x ?? trace.labels ?? []).keys()];
        if (trace.customdata) places.sort((a, b) => (trace.x[a] < trace.x[b] ? -1 : trace.x[a] > trace.x[b] ? 1 : 0));
        for (const pointNumber of places) {
          if (trace.y?.[pointNumber] !== null) found.push({ curveNumber, pointNumber });
        }
      });
      return found;
    }

    key(event) {
      if (event.target !== this.plot || event.altKey || event.ctrlKey || event.metaKey) return;
      const points = this.points();
      const last = points.length - 1;
      const to = {
        ArrowRight: this.current + 1, ArrowDown: this.current + 1, ArrowLeft: this.current - 1, ArrowUp: this.current - 1,
        PageDown: this.current + 10, PageUp: this.current - 10, Home: 0, End: last,
      }[event.key];
      if (to !== undefined && last >= 0) {
        this.current = Math.min(last, Math.max(0, to));
        this.tell(points[this.current], points.length);
      } else if (event.key === "Enter" && this.current >= 0) {
        const { curveNumber, pointNumber } = points[this.current];
        this.open(keyOf(this.plot.data[curveNumber], pointNumber));
      } else if (event.key === "Escape" && !this.card.hidden) {
        this.hide();
        Plotly.Fx.unhover(this.plot);
        event.stopPropagation(); // a dialog around the chart stays open
      } else return;
      event.preventDefault();
    }

    tell(point, total) {
      const trace = this.said[point.curveNumber];
      this.live.textContent = `${saying(trace, point.pointNumber).replaceAll("\n", ", ")} (${this.current + 1} of ${total})`;
      if (keyOf(trace, point.pointNumber) === null) {
        this.hide();
        Plotly.Fx.hover(this.plot, [point], [`${trace.xaxis ?? "x"}${trace.yaxis ?? "y"}`]);
      } else {
        Plotly.Fx.unhover(this.plot);
        this.point(point);
      }
    }

    point({ curveNumber, pointNumber }) {
      const trace = this.said[curveNumber];
      const key = keyOf(trace, pointNumber);
      if (key === null) return this.hide();
      this.card.replaceChildren();
      const known = this.spec.molecules?.[key];
      const drawing = this.context.structure?.(key) ?? known?.[2];
      if (drawing) made("div", "drawing", this.card).innerHTML = drawing; // by molq.depiction
      for (const line of saying(trace, pointNumber).split("\n")) made("p", "", this.card, line);
      if (!drawing && known?.[1]) made("p", "smiles", this.card, known[1]);
      this.card.hidden = false;
      this.ring.hidden = false;
      const { xaxis, yaxis } = this.plot._fullLayout;
      const left = this.plot.offsetLeft + xaxis._offset + xaxis.d2p(trace.x[pointNumber]);
      const top = this.plot.offsetTop + yaxis._offset + yaxis.d2p(trace.y[pointNumber]);
      Object.assign(this.ring.style, { left: `${left}px`, top: `${top}px` });
      const fits = left + 16 + this.card.offsetWidth <= this.figure.clientWidth;
      this.card.style.left = `${Math.max(0, fits ? left + 16 : left - 16 - this.card.offsetWidth)}px`;
      this.card.style.top = `${Math.max(0, top - this.card.offsetHeight / 2)}px`;
      return undefined;
    }

    hide() {
      this.card.hidden = true;
      this.ring.hidden = true;
    }

    open(key) {
      if (key === null) return;
      this.figure.dispatchEvent(new CustomEvent("molq:lead", { bubbles: true, detail: { inchikey: key } }));
    }

    mark(keys) {
      this.marked = keys.size ? keys : null;
      const chosen = (this.plot.data ?? []).map((trace) => {
        if (!trace.customdata || !keys.size) return null;
        return [...trace.customdata.keys()].filter((place) => keys.has(trace.customdata[place]));
      });
      if (chosen.length) Plotly.restyle(this.plot, { selectedpoints: chosen });
    }

    resize(width) {
      if (width) Plotly.relayout(this.plot, { width, autosize: false });
      else Plotly.relayout(this.plot, { width: undefined, autosize: true });
    }
  }

  // one chart, drawn at once
  function molqChart(element, spec, context = {}) {
    const chart = new Chart(element, spec, context);
    drawn.set(element, chart);
    return chart.draw().then(() => chart);
  }

  // those of a page, each when it comes near the screen, all of them before printing
  molqChart.all = (specs, context = {}) => {
    const waiting = new Map();
    for (const spec of specs) {
      const figure = document.querySelector(`[data-chart="${CSS.escape(spec.id)}"]`);
      if (figure) waiting.set(figure, spec);
    }
    const start = (figure) => {
      const spec = waiting.get(figure);
      waiting.delete(figure);
      return spec ? molqChart(figure, spec, context) : Promise.resolve();
    };
    const near = new IntersectionObserver(
      (entries) => entries.filter((entry) => entry.isIntersecting).forEach(({ target }) => {
        near.unobserve(target);
        start(target);
      }),
      { rootMargin: "400px" },
    );
    for (const figure of waiting.keys()) near.observe(figure);
    molqChart.rest = () => Promise.all([...waiting.keys()].map(start));
  };
  molqChart.rest = () => Promise.resolve();

  // rings these molecules in every chart that has them; none: all stand as before
  molqChart.mark = (inchikeys) => {
    const keys = new Set(inchikeys);
    for (const chart of drawn.values()) chart.mark(keys);
  };

  // of an element that leaves the page
  molqChart.remove = (element) => {
    const chart = drawn.get(element);
    if (chart) Plotly.purge(chart.plot);
    drawn.delete(element);
  };

  const alive = () => [...drawn.values()].filter((chart) => chart.figure.isConnected);
  DARK.addEventListener("change", () => alive().forEach((chart) => chart.draw()));
  addEventListener("beforeprint", () => {
    molqChart.rest();
    alive().forEach((chart) => chart.resize(Math.min(PRINTED, chart.plot.clientWidth || PRINTED)));
  });
  addEventListener("afterprint", () => alive().forEach((chart) => chart.resize(null)));
  return molqChart;
})();
window.molqCharts = window.molqChart.all;
