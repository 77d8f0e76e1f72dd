/* Line charts as SVG, drawn to the width of the page; colours come from explorer.css. */
var opgd = opgd || {};

opgd.plot = (() => {
  "use strict";

  const MARGIN = { left: 58, right: 14, top: 10, bottom: 42 };
  const BOX = { width: 7, height: 17 }; // of a character and a line of text, in pixels

  function element(name, attributes = {}, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /* A number as text: few digits, powers of ten where plain digits would be many. */
  function format(value, digits = 3) {
    if (value === 0) return "0";
    const size = Math.abs(value);
    if (size >= 1e-3 && size < 1e6) {
      const rounded = Number(value.toPrecision(digits));
      return rounded.toLocaleString("en", { maximumFractionDigits: 10 }).replace("-", "\u2212");
    }
    const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
    return `${Number(mantissa)}·10${superscript(Number(exponent))}`.replace(/^(-?)1·/, "$1").replace("-", "\u2212");
  }

  function superscript(whole) {
    return Array.from(String(whole), (c) => (c === "-" ? "\u207b" : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[c])).join("");
  }

  /* Positions of ticks: 1, 2, 5 times a power of ten on a linear axis; on a logarithmic one powers of ten,
   * or also 2 and 5 times them where there are few. */
  function ticks(scale, most) {
    const [low, high] = scale.domain;
    if (!scale.log) {
      const rough = (high - low) / Math.max(most, 1);
      const decade = 10 ** Math.floor(Math.log10(rough));
      const step = decade * [1, 2, 5, 10].find((factor) => factor * decade >= rough * (1 - 1e-9));
      const from = Math.ceil(low / step - 1e-9);
      const count = Math.floor(high / step + 1e-9) - from + 1;
      return Array.from({ length: count }, (_, i) => Number(((from + i) * step).toPrecision(12)));
    }
    const first = Math.floor(Math.log10(low));
    const last = Math.ceil(Math.log10(high));
    const inside = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
    const found = (factors, stride = 1) => {
      const all = [];
      for (let power = first; power <= last; power++) {
        if (power % stride === 0) all.push(...factors.map((factor) => Number(`${factor}e${power}`)));
      }
      return all.filter(inside);
    };
    for (const factors of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
      const all = found(factors);
      if (all.length <= most) return all;
    }
    let stride = 2;
    while (found([1], stride).length > most) stride++;
    return found([1], stride);
  }

  /* Draw axes into `svg` and return what is needed to draw data: the scales x and y, and add(). */
  function chart(svg, { x, y }) {
    const width = svg.clientWidth || 600;
    const height = svg.clientHeight || 280;
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const scale = ({ domain, log }, from, to) => {
      const value = log ? Math.log : (v) => v;
      const [low, high] = domain.map(value);
      return (v) => from + ((value(v) - low) / (high - low)) * (to - from);
    };
    const right = width - MARGIN.right;
    const bottom = height - MARGIN.bottom;
    const toX = scale(x, MARGIN.left, right);
    const toY = scale(y, bottom, MARGIN.top);
    const axes = element("g", { class: "axes" });
    const space = right - MARGIN.left;
    for (const value of ticks(x, Math.max(3, Math.floor(space / (8 * BOX.width))))) {
      const at = toX(value).toFixed(1);
      axes.append(
        element("line", { class: "grid", x1: at, x2: at, y1: MARGIN.top, y2: bottom }),
        element("text", { x: at, y: bottom + BOX.height, "text-anchor": "middle" }, format(value)),
      );
    }
    for (const value of ticks(y, Math.max(2, Math.floor((bottom - MARGIN.top) / (2 * BOX.height))))) {
      const at = toY(value).toFixed(1);
      axes.append(
        element("line", { class: "grid", x1: MARGIN.left, x2: right, y1: at, y2: at }),
        element("text", { x: MARGIN.left - 6, y: at, dy: "0.35em", "text-anchor": "end" }, format(value)),
      );
    }
    const middle = (MARGIN.top + bottom) / 2;
    axes.append(
      element("path", { class: "frame", d: `M${MARGIN.left},${MARGIN.top}V${bottom}H${right}` }),
      element("text", { x: (MARGIN.left + right) / 2, y: height - 6, "text-anchor": "middle" }, x.label),
      element("text", { transform: `translate(13,${middle}) rotate(-90)`, "text-anchor": "middle" }, y.label),
    );
    const clip = `${svg.id}-clip`;
    const area = { x: MARGIN.left, y: MARGIN.top, width: space, height: bottom - MARGIN.top };
    const data = element("g", { class: "data", "clip-path": `url(#${clip})` });
    const notes = element("g", { class: "notes" });
    const shape = element("clipPath", { id: clip }, element("rect", area));
    svg.replaceChildren(element("defs", {}, shape), axes, data, notes);

    const points = (xs, ys) => Array.from(xs, (v, i) => `${toX(v).toFixed(2)},${toY(ys[i]).toFixed(2)}`);
    return {
      toX, toY, right, bottom, top: MARGIN.top, left: MARGIN.left,
      line: (xs, ys, name) => data.append(element("path", { class: name, d: `M${points(xs, ys).join("L")}` })),
      dots: (xs, ys, name, radius = 4) => {
        for (const point of points(xs, ys)) {
          const [cx, cy] = point.split(",");
          data.append(element("circle", { class: name, cx, cy, r: radius }));
        }
      },
      bars: (xs, ys, name, reach = 5) => {
        for (const point of points(xs, ys)) {
          const [at, level] = point.split(",").map(Number);
          data.append(element("line", { class: name, x1: at - reach, x2: at + reach, y1: level, y2: level }));
        }
      },
      vertical: (v, name) => {
        const at = toX(v).toFixed(2);
        data.append(element("line", { class: name, x1: at, x2: at, y1: MARGIN.top, y2: bottom }));
      },
      arrow: (x0, y0, x1, y1, name) => {
        const [dx, dy] = [toX(x1) - toX(x0), toY(y1) - toY(y0)];
        const turn = (Math.atan2(dy, dx) * 180) / Math.PI;
        const place = `translate(${toX(x1).toFixed(2)},${toY(y1).toFixed(2)}) rotate(${turn.toFixed(1)})`;
        data.append(element("path", { class: name, d: "M-9,-5L1,0L-9,5Z", transform: place }));
      },
      note: (v, row, text) => {
        const room = text.length * BOX.width + 6; // right of the line at v, if it fits
        const fits = toX(v) + room < width;
        const x = (toX(v) + (fits ? 5 : -5)).toFixed(1);
        const y = MARGIN.top + 11 + row * BOX.height;
        notes.append(element("text", { x, y, "text-anchor": fits ? "start" : "end" }, text));
      },
    };
  }

  return { chart, format };
})();
