/* The explorer page: sliders, address, pictures. The mathematics is in flow.js and problem.js.
 *
 * `opgd.explorer.view` holds what is drawn: parameters, observations, times and curves.
 */
var opgd = opgd || {};

opgd.explorer = (() => {
  "use strict";

  const { flow, plot } = opgd;
  const format = plot.format;

  /* The parameters: names in the address, ranges, and where the page starts. The slider of a `log` parameter
   * counts equal steps of its logarithm, the others have the value itself. */
  const PARAMETERS = [
    { name: "p", group: "Problem", label: "p, signal decay", low: 0.2, high: 4, step: 0.05, start: 1 },
    { name: "q", group: "Problem", label: "q, misalignment", low: 1, high: 3, step: 0.05, start: 2 },
    { name: "gamma", group: "Problem", label: "γ, eigenvalue decay", low: 0.6, high: 4, step: 0.05, start: 2 },
    { name: "n", group: "Problem", label: "n, sample size", low: 100, high: 1e6, log: true, start: 3000 },
    { name: "N", group: "Problem", label: "N, components", low: 200, high: 10000, log: true, whole: true, start: 2000 },
    { name: "seed", group: "Problem", label: "seed of the noise", low: 0, high: 99, step: 1, whole: true, start: 0 },
    { name: "D", group: "Flow", label: "D, extra layers", low: 0, high: 4, step: 1, whole: true, start: 1 },
    { name: "b0", group: "Flow", label: "b₀, start of b", low: 0.25, high: 4, log: true, start: 1 },
    { name: "t", group: "Flow", label: "t / universal time", low: 0.01, high: 100, log: true, start: 1 },
    { name: "j", group: "Flow", label: "j, component", low: 1, high: 2000, step: 1, whole: true, start: 144 },
  ];
  const LOG_STEP = 0.01; // of log10, about
  const PLAY = [0.05, 5]; // universal times between which the picture moves
  const DECADES_PER_SECOND = 0.4; // its speed
  const FRAME = 0.05; // of log10 t, one step of the stepped picture
  const SHOWN = 100; // the risk curves go from the universal time as many times up and down, or farther
  const ROUNDS = 2; // in which the smallest mean risk is looked for more closely
  const TRIALS = 16; // data sets in the mean
  const REST = 250; // milliseconds without a change, after which the rest is done

  const named = (name) => PARAMETERS.find((parameter) => parameter.name === name);
  const starts = () => Object.fromEntries(PARAMETERS.map(({ name, start }) => [name, start]));

  /* Read an address such as ?q=1&n=500: the values, and a sentence for each that is not allowed. */
  function parse(query) {
    const values = {};
    const refused = [];
    const given = new Map(new URLSearchParams(query));
    for (const { name, low, high: limit, whole, start } of PARAMETERS) {
      const high = name === "j" ? values.N : limit; // N comes before j
      values[name] = Math.min(start, high);
      if (!given.has(name)) continue;
      const text = given.get(name).trim();
      given.delete(name);
      const value = text === "" ? NaN : Number(text);
      if (value >= low && value <= high && (!whole || Number.isInteger(value))) {
        values[name] = value;
      } else {
        const kind = whole ? "a whole number" : "a number";
        refused.push(`${name} = ${text} is not allowed: it must be ${kind} from ${low} to ${high}. Using ${values[name]}.`);
      }
    }
    for (const name of given.keys()) {
      refused.push(`There is no parameter ${name}: the parameters are ${PARAMETERS.map((x) => x.name).join(", ")}.`);
    }
    return { values, refused };
  }

  /* The address of some values: those that differ from the start. */
  function query(values) {
    const changed = PARAMETERS.filter(({ name, start }) => values[name] !== start);
    return changed.length ? `?${changed.map(({ name }) => `${name}=${values[name]}`).join("&")}` : "";
  }

  /* What follows from the values alone. */
  function derive(values) {
    const problem = opgd.problem.powerLaw({ ...values, size: values.N });
    const b0 = values.b0 * problem.epsilon ** (1 / (values.D + 2));
    const universal = opgd.problem.universalTime(problem, values.D, b0);
    return { problem, b0, universal, t: values.t * universal };
  }

  function noise(seed, trial, size) {
    const key = `${seed} ${trial} ${size}`;
    if (!noise.kept.has(key)) {
      if (noise.kept.size > 4 * TRIALS) noise.kept.clear();
      noise.kept.set(key, opgd.problem.normals(seed, trial, size));
    }
    return noise.kept.get(key);
  }
  noise.kept = new Map();

  /* The risk curves, wide enough for their minima; the mean begins with the one trial that is drawn. */
  function curves(values) {
    const { problem, b0, universal } = derive(values);
    const { observe, risk, scan, plain, atOnce } = opgd.problem;
    const solver = (z, lambda, times, path) => flow.overParameterized(values.D, b0, z, lambda, times, path);
    const z = observe(problem, noise(values.seed, 0, values.N));
    const [low, high] = [universal / SHOWN, universal * SHOWN];
    const deep = atOnce(scan(plain((times) => risk(solver, problem, z, times)), low, high));
    const late = Math.max(high, 10 * opgd.problem.vanillaTime(problem, values));
    const slow = opgd.problem.leastVanilla(problem, low, late);
    return {
      problem,
      b0,
      universal,
      z,
      times: deep.times,
      trial: deep.risks,
      mean: deep.risks,
      trials: 1,
      fast: null, // the smallest mean risk, when it is known
      vanillaTimes: slow.times,
      vanilla: slow.risks,
      vanillaTrial: risk(flow.vanilla, problem, z, slow.times),
      slow: slow.least,
      work: improve(values, problem, solver, deep.times),
    };
  }

  /* What can wait, in pieces: the mean over all trials, and its smallest value with its standard error. */
  function* improve({ seed, N }, problem, solver, times) {
    const errors = new Map(); // of the mean at a time
    const evaluate = (shown) =>
      function* (at) {
        const risks = [];
        let mean = null;
        for (let trial = 0; trial < TRIALS; trial++) {
          const z = opgd.problem.observe(problem, noise(seed, trial, N));
          risks.push(opgd.problem.risk(solver, problem, z, at));
          mean = at.map((_, i) => risks.reduce((sum, one) => sum + one[i], 0) / risks.length);
          if (shown) Object.assign(view, { times: at, trial: risks[0], mean, trials: risks.length });
          yield;
        }
        at.forEach((t, i) => {
          const squares = risks.reduce((sum, one) => sum + (one[i] - mean[i]) ** 2, 0);
          errors.set(t, Math.sqrt(squares / (TRIALS - 1) / TRIALS));
        });
        return mean;
      };
    const found = yield* opgd.problem.scan(evaluate(true), times[0], times[times.length - 1]);
    const least = yield* opgd.problem.search(evaluate(false), found, ROUNDS);
    view.fast = { ...least, error: errors.get(least.t) };
  }

  /* The hundred indices around component j. */
  function block({ j, N }) {
    const first = 100 * Math.min(Math.floor(j / 100), Math.ceil(N / 100) - 1);
    return [Math.max(1, first), Math.min(N, first + 100)];
  }

  /* ------------------------------------------------------------------ the page */

  function html(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  /* Text with exponents in braces: x^{2}. */
  function rich(text) {
    return text.split(/\^\{([^}]*)\}/).map((part, i) => (i % 2 ? html("sup", {}, part) : part));
  }

  const root = document.getElementById("flow-explorer");
  const inputs = {};
  const outputs = {};
  const buttons = {};
  const charts = {};
  const view = { parameters: starts() };
  const refusedBox = html("p", { class: "explorer-refused", role: "status" });
  const summary = html("p", { class: "explorer-summary", role: "status" });

  const stops = ({ low, high }) => Math.round(Math.log10(high / low) / LOG_STEP);

  function control(parameter) {
    const { name, label, log, low, high } = parameter;
    const id = `explorer-${name}`;
    const [min, max, step] = log ? [0, stops(parameter), 1] : [low, high, parameter.step];
    inputs[name] = html("input", { type: "range", id, min, max, step });
    outputs[name] = html("output", { for: id, "aria-live": "off" }); // the slider says it: aria-valuetext
    inputs[name].addEventListener("input", () => {
      stop();
      const raw = Number(inputs[name].value);
      const value = log ? Number((low * (high / low) ** (raw / max)).toPrecision(3)) : Number(raw.toFixed(2));
      change({ [name]: parameter.whole ? Math.round(value) : value });
    });
    return html("div", { class: "explorer-control" }, html("label", { for: id }, label), outputs[name], inputs[name]);
  }

  function figure(name, title, legend) {
    charts[name] = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    charts[name].setAttribute("id", `explorer-${name}`);
    charts[name].setAttribute("role", "img");
    const key = html("ul", { class: "explorer-legend" });
    for (const [style, text] of legend) {
      const sample = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      sample.setAttribute("viewBox", "0 0 30 12");
      sample.setAttribute("aria-hidden", "true");
      const dot = style.includes("dot");
      const line = document.createElementNS("http://www.w3.org/2000/svg", dot ? "circle" : "path");
      for (const [at, value] of dot ? [["cx", 15], ["cy", 6], ["r", 4]] : [["d", "M1,6H29"]]) line.setAttribute(at, value);
      line.setAttribute("class", style);
      sample.append(line);
      key.append(html("li", { "data-style": style }, sample, html("span", {}, ...rich(text))));
    }
    return html("figure", { class: `explorer-figure explorer-${name}` }, html("figcaption", {}, ...rich(title)), key, charts[name]);
  }

  function build() {
    for (const group of ["Problem", "Flow"]) {
      const members = PARAMETERS.filter((parameter) => parameter.group === group).map(control);
      const box = html("fieldset", {}, html("legend", {}, group), ...members);
      if (group === "Flow") {
        for (const [name, text] of [["play", "Play"], ["back", "Step back"], ["forward", "Step"], ["reset", "Reset all"]]) {
          buttons[name] = html("button", { type: "button", id: `explorer-${name}` }, text);
        }
        box.append(html("div", { class: "explorer-buttons" }, ...Object.values(buttons)));
      }
      root.append(box);
    }
    root.append(
      refusedBox,
      summary,
      figure("risk", "Risk against flow time t", [
        ["vanilla", "vanilla flow, expected risk (6)"],
        ["vanilla thin", "its risk in this trial"],
        ["deep", "over-parameterized flow, mean of trials"],
        ["deep thin", "its risk in this trial"],
        ["best dot", "oracle time: the smallest risk"],
        ["universal", "universal time"],
        ["now", "time t of the slider"],
      ]),
      figure("learned", "Learned eigenvalues a b^{D} around component j", [
        ["deep", "at time t"],
        ["initial", "at time 0"],
        ["signal", "|θ*|^{(D+1)/(D+2)} at the signals"],
        ["now open dot", "component j"],
      ]),
      figure("phase", "Layers of component j", [
        ["deep", "a"],
        ["layer", "b"],
        ["target", "a b^{D} β = z"],
        ["tick dot", "a, every quarter of the universal time"],
        ["now dot", "a at time t"],
        ["now open dot", "b at time t"],
      ]),
    );
    buttons.play.addEventListener("click", () => (moving ? stop() : play()));
    buttons.back.addEventListener("click", () => move(-FRAME));
    buttons.forward.addEventListener("click", () => move(FRAME));
    buttons.reset.addEventListener("click", () => {
      stop();
      refuse([]);
      change(starts());
    });
    charts.learned.addEventListener("click", (event) => {
      const { left, width } = charts.learned.getBoundingClientRect();
      const index = view.pick && Math.round(view.pick((event.clientX - left) * (charts.learned.viewBox.baseVal.width / width)));
      const [first, last] = block(view.parameters);
      if (index >= first && index <= last) change({ j: index });
    });
    const calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    const respect = () => {
      stop();
      buttons.play.hidden = calm.matches;
    };
    calm.addEventListener("change", respect);
    respect();
  }

  function refuse(sentences) {
    refusedBox.textContent = sentences.join(" ");
    refusedBox.hidden = !sentences.length;
  }

  /* ------------------------------------------------------------------ from a change to the pictures */

  let scheduled = 0; // the next frame that draws
  let rest = 0; // the timer of what can wait
  let unsaved = false; // whether the address is behind the view

  function change(changed, { remember = true } = {}) {
    Object.assign(view.parameters, changed);
    view.parameters.j = Math.min(view.parameters.j, view.parameters.N);
    unsaved = remember;
    request();
  }

  /* Draw soon, and settle after that. */
  function request() {
    if (!scheduled) scheduled = requestAnimationFrame(redraw);
    clearTimeout(rest);
    rest = setTimeout(settle, REST);
  }

  /* Everything that a slider changes is computed and drawn here, at once. */
  function redraw() {
    cancelAnimationFrame(scheduled);
    scheduled = 0;
    const begun = performance.now();
    const { parameters } = view;
    const key = ["p", "q", "gamma", "n", "N", "seed", "D", "b0"].map((name) => parameters[name]).join(" ");
    if (view.key !== key) Object.assign(view, curves(parameters), { key });
    view.t = parameters.t * view.universal;
    readOut();
    drawRisk();
    drawLearned();
    drawPhase();
    performance.clearMeasures("explorer redraw");
    performance.measure("explorer redraw", { start: begun, end: performance.now() });
  }

  /* What can wait until the sliders rest: the address, the mean over more trials, the summary. */
  function settle() {
    if (scheduled) redraw(); // no frame has come: the page is hidden, or the machine is busy
    if (unsaved) history.replaceState(null, "", `${location.pathname}${query(view.parameters)}`);
    unsaved = false;
    const { done } = view.work.next();
    drawRisk();
    if (done) describe();
    else rest = setTimeout(settle, 0);
  }

  function readOut() {
    const { parameters, b0, t } = view;
    inputs.j.max = parameters.N;
    for (const parameter of PARAMETERS) {
      const { name, log, low, high } = parameter;
      const value = parameters[name];
      inputs[name].value = log ? (stops(parameter) * Math.log(value / low)) / Math.log(high / low) : value;
      let text = format(value, 4);
      let more = "";
      if (name === "b0" && parameters.D) [text, more] = [`${text} ε^{1/${parameters.D + 2}}`, ` = ${format(b0)}`];
      if (name === "b0" && !parameters.D) text = "no b at D = 0";
      if (name === "t") more = `, t = ${format(t)}`;
      if (name === "j") text = `${text} (${view.problem.signal[value - 1] ? "signal" : "noise"})`;
      outputs[name].replaceChildren(...rich(text));
      inputs[name].setAttribute("aria-valuetext", `${text}${more}`.replace(/[{}]/g, ""));
    }
  }

  function describe() {
    const { parameters, universal, problem, z, t } = view;
    const { D, j } = parameters;
    const { slow, fast } = view;
    const ratio = slow.risk / fast.risk;
    const compared = ratio >= 1 ? `${format(ratio)} times smaller` : `${format(1 / ratio)} times larger`;
    const where = ({ t, inside }) => (inside ? `at t = ${format(t)}` : `still falling at t = ${format(t)}`);
    const theta = flow.state(D, view.b0, z[j - 1], problem.eigenvalues[j - 1], [t]).theta[0];
    const role = problem.signal[j - 1] ? `a signal of ${format(problem.signal[j - 1])}` : "without signal";
    summary.textContent =
      `Smallest risk of the vanilla flow: ${format(slow.risk)}, ${where(slow)}. ` +
      `With trained eigenvalues (D = ${D}, mean of ${view.trials} trials): ${format(fast.risk)} ± ${format(fast.error, 1)}, ${where(fast)}, ` +
      `${format(fast.t / universal)} times the universal time; that is ${compared}. ` +
      `At t = ${format(t)} the estimate of component ${format(j, 5)}, ${role} and observed as ${format(z[j - 1])}, is ${format(theta)}.`;
    root.dataset.settled = query(parameters) || "start";
  }

  function drawRisk() {
    const { times, vanillaTimes, trial, vanillaTrial, vanilla, mean, universal, t } = view;
    const all = [trial, vanillaTrial, vanilla, mean].flatMap((curve) => Array.from(curve));
    const chart = plot.chart(charts.risk, {
      x: { label: "flow time t", log: true, domain: [times[0], vanillaTimes[vanillaTimes.length - 1]] },
      y: { label: "risk", log: true, domain: [Math.min(...all) / 1.25, Math.max(...all) * 1.25] },
    });
    delete root.dataset.settled;
    chart.vertical(universal, "universal");
    chart.vertical(t, "now");
    chart.note(universal, 0, "universal time");
    chart.note(t, 1, `t = ${format(t)}`);
    chart.line(vanillaTimes, vanillaTrial, "vanilla thin");
    chart.line(times, trial, "deep thin");
    chart.line(vanillaTimes, vanilla, "vanilla");
    chart.line(times, mean, "deep");
    const { slow, fast } = view;
    for (const least of [slow, fast]) if (least?.inside) chart.dots([least.t], [least.risk], "best");
    charts.risk.setAttribute(
      "aria-label",
      `Risk against time, both axes logarithmic. Vanilla flow: smallest risk ${format(slow.risk)} at t = ${format(slow.t)}. ` +
        (fast ? `Over-parameterized flow: ${format(fast.risk)} at t = ${format(fast.t)}; ` : "") +
        `universal time ${format(universal)}.`,
    );
    const count = charts.risk.parentElement.querySelector('[data-style="deep"] span');
    count.textContent = `over-parameterized flow, mean of ${view.trials} ${view.trials > 1 ? "trials" : "trial"}`;
  }

  function drawLearned() {
    const { parameters, problem, b0, z, universal, t } = view;
    const { D, j } = parameters;
    const [first, last] = block(parameters);
    const index = Array.from({ length: last - first + 1 }, (_, i) => first + i);
    const learned = index.map((i) => {
      const { a, b } = flow.state(D, b0, z[i - 1], problem.eigenvalues[i - 1], [0, t, 100 * universal]);
      return Array.from(a, (value, k) => value * b[k] ** D);
    });
    const [initial, now, late] = [0, 1, 2].map((k) => learned.map((values) => values[k]));
    const signals = index.filter((i) => problem.signal[i - 1] > 0);
    const marks = signals.map((i) => problem.signal[i - 1] ** ((D + 1) / (D + 2)));
    view.learned = { index, now, signals, marks };
    const chart = plot.chart(charts.learned, {
      x: { label: "component j", domain: [first - 2, last + 2] },
      y: { label: "a bᴰ", log: true, domain: [Math.min(...initial) / 1.4, Math.max(...late, ...marks) * 1.4] },
    });
    view.pick = (x) => first - 2 + ((x - chart.left) / (chart.right - chart.left)) * (last - first + 4);
    chart.line(index, initial, "initial");
    chart.line(index, now, "deep");
    chart.bars(signals, marks, "signal");
    chart.dots([j], [now[j - first]], "now open", 5);
    const reached = signals.filter((i, k) => now[i - first] >= marks[k] / 2).length;
    charts.learned.setAttribute(
      "aria-label",
      `Learned eigenvalues of the components ${first} to ${last}, logarithmic, at t = ${format(t)}. ` +
        `${reached} of ${signals.length} signals stand at half of their mark or higher.`,
    );
  }

  function drawPhase() {
    const { parameters, problem, b0, z, universal, t } = view;
    const { D, j } = parameters;
    const lambda = problem.eigenvalues[j - 1];
    const component = z[j - 1];
    const quarters = Array.from({ length: 20 }, (_, i) => ((i + 1) * universal) / 4);
    const layers = (times) => flow.state(D, b0, component, lambda, times);
    const { a, b, beta } = layers([t, 1e30]);
    const ticks = layers(quarters);
    const sign = Math.sign(component) || 1;
    const end = Math.abs(beta[1]) || 1;
    const highest = Math.max(a[1], D ? b[1] : 0) * 1.15;
    const domain = sign > 0 ? [-0.06 * end, 1.12 * end] : [-1.12 * end, 0.06 * end];
    const chart = plot.chart(charts.phase, {
      x: { label: "β", domain },
      y: { label: D ? "a and b" : "a", domain: [0, highest] },
    });
    const along = Array.from({ length: 121 }, (_, i) => (1.12 * end * sign * i) / 120);
    const layerA = (x) => Math.hypot(Math.sqrt(lambda), x);
    const layerB = (x) => Math.sqrt(b0 * b0 + D * x * x);
    const far = along.slice(1).filter((x) => component / (layerB(x) ** D * x) < 2 * highest);
    chart.line(far, far.map((x) => component / (layerB(x) ** D * x)), "target");
    if (D) chart.line(along, along.map(layerB), "layer");
    chart.line(along, along.map(layerA), "path");
    const done = along.filter((x) => Math.abs(x) < Math.abs(beta[0])).concat(beta[0]);
    chart.line(done, done.map(layerA), "deep");
    for (const share of [0.3, 0.7]) {
      const [x0, x1] = [share * end * sign, (share + 0.02) * end * sign];
      chart.arrow(x0, layerA(x0), x1, layerA(x1), "arrow");
    }
    chart.dots(ticks.beta, ticks.a, "tick", 2.5);
    chart.dots([beta[0]], [a[0]], "now");
    if (D) chart.dots([beta[0]], [b[0]], "now open");
    charts.phase.setAttribute(
      "aria-label",
      `Layers of component ${j}: beta moves from 0 to ${format(beta[1])}, a from ${format(Math.sqrt(lambda))} to ${format(a[1])}` +
        `${D ? `, b from ${format(b0)} to ${format(b[1])}` : ""}; at t = ${format(t)} they are ${format(beta[0])}, ${format(a[0])}` +
        `${D ? ` and ${format(b[0])}` : ""}.`,
    );
    for (const style of ["layer", "now open dot"]) {
      charts.phase.parentElement.querySelector(`[data-style="${style}"]`).hidden = !D;
    }
  }

  /* ------------------------------------------------------------------ time moves */

  let moving = 0; // the next frame, while time moves
  let paused = NaN; // where it was stopped; from there it goes on, otherwise it starts anew

  function move(decades) {
    stop();
    const { low, high } = named("t");
    const value = Number((view.parameters.t * 10 ** decades).toPrecision(3));
    change({ t: Math.min(Math.max(value, low), high) });
  }

  function play() {
    const [low, high] = PLAY;
    let log = Math.log10(view.parameters.t === paused ? paused : low);
    let before = performance.now();
    buttons.play.textContent = "Pause";
    const frame = (now) => {
      log += (Math.min(now - before, 100) / 1000) * DECADES_PER_SECOND; // slow frames slow it down, without jumps
      before = now;
      change({ t: Math.min(Number((10 ** log).toPrecision(3)), high) });
      if (log >= Math.log10(high)) stop();
      else moving = requestAnimationFrame(frame);
    };
    moving = requestAnimationFrame(frame);
  }

  function stop() {
    if (moving && view.parameters.t < PLAY[1]) paused = view.parameters.t;
    cancelAnimationFrame(moving);
    moving = 0;
    if (buttons.play) buttons.play.textContent = "Play";
  }

  /* ------------------------------------------------------------------ the address */

  function restore() {
    const { values, refused } = parse(location.search);
    refuse(refused);
    change(values, { remember: false });
  }

  build();
  restore();
  redraw();
  window.addEventListener("popstate", restore);
  new ResizeObserver(request).observe(root);
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="explorer.html?"]');
    if (!link || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    stop();
    history.pushState(null, "", link.href);
    restore();
    root.scrollIntoView();
  });

  return { view, parse, query, PARAMETERS };
})();
