"use strict";
// A conformer in three dimensions, with its active orbitals as isosurfaces. 3Dmol draws; the
// Gaussian functions are evaluated here, from the shells and harmonics that the payload carries.
window.molqConformer = (() => {
  const BOHR = 0.529177210903; // Angstrom
  const SPACING = 0.2; // Angstrom, between points of a grid
  const MARGIN = 3.0; // Angstrom, around the atoms that an orbital has functions on
  const MOST_POINTS = 250_000;
  const NEGLIGIBLE = 14; // a Gaussian is left out where it is less than exp(-14) = 8e-7
  const ISOVALUE = 0.05; // Bohr^-3/2
  const LOBES = ["#2a78c2", "#e69f00"]; // positive, negative; told apart with colour blindness
  const RAISES = [230, 159, 0], LOWERS = [0, 114, 178], NEUTRAL = [200, 204, 210];
  const BACK = { light: "#f5f7f9", dark: "#1b222b" };
  const TURN = 12; // degrees for each press of an arrow key

  // --- Gaussians -----------------------------------------------------------------------

  // The terms of one orbital by shell: centre, exponents and the polynomial that its
  // components make together.
  function shellsOf(terms, conformer, basis, shared) {
    const symbols = conformer.symbols.split(" ");
    const groups = new Map();
    for (let t = 0; t < terms.length; t += 4) {
      const [atom, shell, component, coefficient] = terms.slice(t, t + 4);
      const [degree, exponents, weights] = shared.shells[`${symbols[atom]} ${basis[symbols[atom]]}`][shell];
      const key = `${atom} ${shell}`;
      if (!groups.has(key)) {
        const centre = [0, 1, 2].map((axis) => conformer.xyz[3 * atom + axis]);
        groups.set(key, { centre, exponents, weights, polynomial: [] });
      }
      for (const [x, y, z, factor] of shared.harmonics[degree][component]) {
        groups.get(key).polynomial.push([x, y, z, coefficient * factor]);
      }
    }
    return [...groups.values()];
  }

  function power(base, exponent) {
    let value = 1;
    for (let n = 0; n < exponent; n += 1) value *= base;
    return value;
  }

  // One shell at a displacement (Bohr) from its centre.
  function shellValue(shell, x, y, z) {
    const square = x * x + y * y + z * z;
    let radial = 0;
    for (let k = 0; k < shell.exponents.length; k += 1) {
      const decay = shell.exponents[k] * square;
      if (decay < NEGLIGIBLE) radial += shell.weights[k] * Math.exp(-decay);
    }
    if (radial === 0) return 0;
    let angular = 0;
    for (const [i, j, k, factor] of shell.polynomial) angular += factor * power(x, i) * power(y, j) * power(z, k);
    return radial * angular;
  }

  // An orbital (Bohr^-3/2) on a grid around the atoms it stands on, the last axis fastest.
  function gridOf(terms, conformer, basis, shared) {
    const shells = shellsOf(terms, conformer, basis, shared);
    const low = [0, 1, 2].map((axis) => Math.min(...shells.map((shell) => shell.centre[axis])) - MARGIN);
    const high = [0, 1, 2].map((axis) => Math.max(...shells.map((shell) => shell.centre[axis])) + MARGIN);
    const volume = high.reduce((product, end, axis) => product * (end - low[axis]), 1);
    const spacing = Math.max(SPACING, Math.cbrt(volume / MOST_POINTS));
    const size = high.map((end, axis) => Math.ceil((end - low[axis]) / spacing) + 1);
    const data = new Float32Array(size[0] * size[1] * size[2]);
    for (const shell of shells) {
      const reach = BOHR * Math.sqrt(NEGLIGIBLE / Math.min(...shell.exponents));
      const [first, last] = [-1, 1].map((side) =>
        shell.centre.map((centre, axis) => {
          const place = (centre + side * reach - low[axis]) / spacing;
          return side < 0 ? Math.max(0, Math.ceil(place)) : Math.min(size[axis] - 1, Math.floor(place));
        }));
      for (let i = first[0]; i <= last[0]; i += 1) {
        const x = (low[0] + i * spacing - shell.centre[0]) / BOHR;
        for (let j = first[1]; j <= last[1]; j += 1) {
          const y = (low[1] + j * spacing - shell.centre[1]) / BOHR;
          const row = (i * size[1] + j) * size[2];
          for (let k = first[2]; k <= last[2]; k += 1) {
            data[row + k] += shellValue(shell, x, y, (low[2] + k * spacing - shell.centre[2]) / BOHR);
          }
        }
      }
    }
    return { data, size, origin: low, spacing };
  }

  // Share of an orbital's density where it is larger than the isovalue, 0..1.
  function enclosed(grid, isovalue) {
    let inside = 0, all = 0;
    for (const value of grid.data) {
      all += value * value;
      if (Math.abs(value) >= isovalue) inside += value * value;
    }
    return all > 0 ? inside / all : 0;
  }

  // --- drawing -------------------------------------------------------------------------

  let stage = null; // the one viewer of the page; browsers allow few WebGL contexts

  let isSupported = null; // asked once: a context is dear

  function supported() {
    if (isSupported === null) {
      const canvas = document.createElement("canvas");
      const gl = canvas.getContext("webgl2") ?? canvas.getContext("webgl");
      gl?.getExtension("WEBGL_lose_context")?.loseContext();
      isSupported = gl !== null;
    }
    return isSupported;
  }

  const isDark = () => {
    const rgb = getComputedStyle(document.body).backgroundColor.match(/\d+/g)?.map(Number) ?? [255, 255, 255];
    return rgb[3] !== 0 && rgb[0] + rgb[1] + rgb[2] < 330;
  };

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
    if (stage?.element.clientWidth) stage.viewer.setBackgroundColor(isDark() ? BACK.dark : BACK.light);
  });

  function stageIn(host) {
    if (stage === null) {
      const element = document.createElement("div");
      element.className = "lead-canvas";
      host.append(element);
      stage = { element, viewer: $3Dmol.createViewer(element, { antialias: true }), scene: null };
      // its own watchers would draw on nothing when a closed dialog takes the stage's size
      stage.viewer.divwatcher?.disconnect();
      stage.viewer.intwatcher?.disconnect();
      new ResizeObserver(refit).observe(element);
    }
    host.append(stage.element);
    stage.viewer.resize(); // before anything is drawn
    stage.viewer.clear();
    stage.viewer.removeAllLabels();
    stage.viewer.setBackgroundColor(isDark() ? BACK.dark : BACK.light);
    stage.size = sizeOf(stage.element);
    return stage.viewer;
  }

  const sizeOf = (element) => `${element.clientWidth} ${element.clientHeight}`;

  // The molecule stays whole, and turned as it is, when its stage gets another size.
  function refit() {
    const size = sizeOf(stage.element);
    if (stage.scene === null || !stage.element.clientWidth || size === stage.size) return;
    stage.size = size;
    stage.viewer.resize();
    stage.scene.aim(stage.viewer.getView().slice(4));
  }

  function xyzText(conformer, title) {
    const symbols = conformer.symbols.split(" ");
    const rows = symbols.map((symbol, atom) =>
      [symbol.padEnd(2), ...[0, 1, 2].map((axis) => conformer.xyz[3 * atom + axis].toFixed(3).padStart(10))].join(" "));
    return [symbols.length, title.replace(/\s+/g, " "), ...rows, ""].join("\n");
  }

  function addModel(viewer, conformer) {
    if (!conformer.bonds) return viewer.addModel(xyzText(conformer, ""), "xyz");
    const atoms = conformer.symbols.split(" ").map((elem, index) => ({
      elem, index, serial: index, bonds: [], bondOrder: [],
      x: conformer.xyz[3 * index], y: conformer.xyz[3 * index + 1], z: conformer.xyz[3 * index + 2],
    }));
    for (const [first, second, order] of conformer.bonds) {
      for (const [one, other] of [[first, second], [second, first]]) {
        atoms[one].bonds.push(other);
        atoms[one].bondOrder.push(order);
      }
    }
    const model = viewer.addModel();
    model.addAtoms(atoms);
    return model;
  }

  const mixed = (share) => {
    const end = share > 0 ? RAISES : LOWERS;
    const part = Math.min(1, Math.abs(share));
    const [r, g, b] = NEUTRAL.map((from, channel) => Math.round(from + part * (end[channel] - from)));
    return `rgb(${r},${g},${b})`;
  };

  class Scene {
    // view: {conformer, atoms, turn (a quaternion), natural, basis, shares: {atoms, full} | null}
    constructor(host, view, shared) {
      Object.assign(this, { view, shared, grids: new Map(), shown: null, isovalue: ISOVALUE, surfaces: [] });
      this.viewer = stageIn(host);
      stage.scene = this;
      this.model = addModel(this.viewer, view.conformer);
      this.colour(false);
      this.mark();
      this.aim();
    }

    colour(byShares) {
      const { shares } = this.view;
      const stick = { radius: 0.11, colorscheme: "Jmol" }, sphere = { scale: 0.22, colorscheme: "Jmol" };
      this.model.setStyle({}, { stick, sphere });
      if (byShares && shares) {
        shares.atoms.forEach((share, index) => {
          const color = mixed(share / shares.full);
          this.model.setStyle({ index }, { stick: { radius: 0.11, color }, sphere: { scale: 0.3, color } });
        });
      }
      this.viewer.render();
    }

    // the scored site, as a halo around its atoms
    mark() {
      for (const atom of this.view.atoms) {
        const [x, y, z] = [0, 1, 2].map((axis) => this.view.conformer.xyz[3 * atom + axis]);
        this.viewer.addSphere({ center: { x, y, z }, radius: 0.46, color: "#f2a93b", opacity: 0.5 });
      }
    }

    // looks onto the marked atoms, a little from above; or by another turn (a quaternion)
    aim(turn = this.view.turn) {
      this.viewer.zoomTo({}, 0);
      const place = this.viewer.getView();
      this.viewer.setView([...place.slice(0, 4), ...(turn ?? place.slice(4))]);
      // zoomTo looks at the height alone, and a molecule is longest from left to right
      const { clientWidth: width, clientHeight: height } = stage.element;
      this.viewer.zoom(Math.min(1.15, (0.9 * width) / height || 1.15));
      this.viewer.render();
    }

    numbers(isOn) {
      this.viewer.removeAllLabels();
      if (isOn) {
        this.view.conformer.symbols.split(" ").forEach((symbol, atom) => {
          if (symbol === "H") return;
          const [x, y, z] = [0, 1, 2].map((axis) => this.view.conformer.xyz[3 * atom + axis]);
          this.viewer.addLabel(`${symbol}${atom + 1}`, {
            position: { x, y, z }, fontSize: 12, fontColor: "#17202b", backgroundColor: "#ffffff",
            backgroundOpacity: 0.75, inFront: true, alignment: "center",
          });
        });
      }
      this.viewer.render();
    }

    // place: in the natural orbitals; null for none. Returns the enclosed share of its density.
    orbital(place) {
      this.shown = place;
      this.surfaces.forEach((surface) => this.viewer.removeShape(surface));
      this.surfaces = [];
      let share = null;
      if (place !== null) {
        if (!this.grids.has(place)) {
          const { terms } = this.view.natural[place];
          this.grids.set(place, gridOf(terms, this.view.conformer, this.view.basis, this.shared));
        }
        const grid = this.grids.get(place);
        const volume = new $3Dmol.VolumeData("", "");
        const axes = (values) => ({ x: values[0], y: values[1], z: values[2] });
        Object.assign(volume, {
          data: grid.data, size: axes(grid.size), origin: axes(grid.origin), unit: axes(Array(3).fill(grid.spacing)),
        });
        this.surfaces = [1, -1].map((sign, lobe) => this.viewer.addIsosurface(volume, {
          isoval: sign * this.isovalue, color: LOBES[lobe], opacity: 0.8, smoothness: 3,
        }));
        share = enclosed(grid, this.isovalue);
      }
      this.viewer.render();
      return share;
    }

    turn(key) {
      const turns = {
        ArrowLeft: [-TURN, "y"], ArrowRight: [TURN, "y"], ArrowUp: [-TURN, "x"], ArrowDown: [TURN, "x"],
      };
      if (key in turns) this.viewer.rotate(...turns[key]);
      else if (key === "+" || key === "=") this.viewer.zoom(1.15);
      else if (key === "-") this.viewer.zoom(1 / 1.15);
      else if (key === "0") this.aim();
      else return false;
      this.viewer.render();
      return true;
    }
  }

  // The viewer is kept, for a browser allows few of them. What it holds goes when it is used again:
  // to take it out draws, and on a stage that is not shown there is nothing to draw on.
  function release() {
    if (stage === null || !stage.element.isConnected) return;
    stage.scene = null;
    stage.element.remove();
  }

  return { Scene, supported, release, gridOf, enclosed, xyzText, ISOVALUE, LOBES };
})();
