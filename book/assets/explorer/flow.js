/* Gradient flows of one component, solved exactly: the mathematics of opgd/flows.py in the browser.
 *
 * A component has an observation z and an eigenvalue lambda > 0. Its estimate theta = a b^D beta starts from
 * a = lambda^(1/2), b = b0, beta = 0 and follows the gradient of (z - theta)^2 / 2. Every solver below writes
 * theta at increasing times into `path.theta` and, if `path.beta` is there, the layers into `path.a`, `path.b`
 * and `path.beta`. They are meant for the ranges of the explorer: lambda from 1e-30 to 1, |z| up to 10, b0
 * from 1e-3 to 10, D up to 6; opgd/deep.py also goes to the limits of double precision.
 */
var opgd = opgd || {};

opgd.flow = (() => {
  "use strict";

  /* Fixed eigenvalues: theta = (1 - e^(-lambda t)) z. */
  function vanilla(z, lambda, times, path) {
    for (let i = 0; i < times.length; i++) path.theta[i] = -Math.expm1(-lambda * times[i]) * z;
  }

  /* Depth 0 in closed form. With kappa^2 = lambda^2 + 4 z^2, T = tanh(kappa t / 2), X = kappa + lambda T,
   * P = X + 2 |z| T and Q = lambda / (kappa + 2 |z|) + 4 |z| / (lambda (1 + e^(kappa t))) + T,
   *
   *     theta = z (X / P) (2 T / Q),   a = X / (P Q)^(1/2),   beta = 2 z T / (P Q)^(1/2):
   *
   * sums of positive terms, so nothing cancels.
   */
  function twoLayer(z, lambda, times, path) {
    const { theta, a, b, beta } = path;
    const z2 = 2 * Math.abs(z);
    const kappa = Math.sqrt(lambda * lambda + z2 * z2);
    const fixed = lambda / (kappa + z2);
    for (let i = 0; i < times.length; i++) {
      const growth = Math.expm1(Math.min(kappa * times[i], 690));
      const tanh = growth / (growth + 2);
      const x = kappa + lambda * tanh;
      const p = x + z2 * tanh;
      const q = fixed + (2 * z2) / (lambda * (growth + 2)) + tanh;
      theta[i] = z * (x / p) * ((2 * tanh) / q);
      if (beta) {
        const root = Math.sqrt(p) * Math.sqrt(q);
        a[i] = x / root;
        b[i] = 1;
        beta[i] = (2 * z * tanh) / root;
      }
    }
  }

  /* Depth D >= 1. The conserved quantities a^2 - beta^2 = lambda and b^2 - D beta^2 = b0^2 leave one equation.
   * With s = min(lambda^(1/2), b0 / D^(1/2)), beta = s sinh w and time in units of the first slope,
   * tau = t lambda^(1/2) b0^D |z| / s, it reads
   *
   *     d tau / d w = G(w) = cosh w / (A B^D (1 - Theta)),   Theta = theta / z = rho sinh w A B^D,
   *     A^2 = (a^2 / lambda) = 1 + (alpha sinh w)^2,   B^2 = (b / b0)^2 = 1 + (eta sinh w)^2.
   *
   * So time is an integral over w, up to the end of the path where Theta = 1. [0, end] is cut into panels. On
   * each of them G, in the last one without its pole, is interpolated at NODES Chebyshev points; integrals of
   * the interpolant are exact, and Newton's method finds w at the given times. The panels are short enough
   * for a relative error of TOLERANCE, given the singularities of G off the real axis (opgd/deep.py).
   */
  const NODES = 16;
  const TOLERANCE = 1e-11;
  const LINEAR = 1e9; // rho beyond which the end is reached before a or b has changed

  const range = (count, f) => Array.from({ length: count }, (_, i) => f(i));
  const angle = range(NODES, (i) => (Math.PI * (NODES - i - 0.5)) / NODES);
  const NODE = Float64Array.from(angle, (phi) => (1 + Math.cos(phi)) / 2); // on [0, 1], increasing
  const SERIES = matrix((k, i) => ((k ? 2 : 1) / NODES) * Math.cos(k * angle[i])); // values -> Chebyshev series
  const AVERAGE = averages(); // Chebyshev series -> powers of x in the average over [-1, x]
  const WEIGHT = Float64Array.from(angle, (_, i) => {
    let total = 0; // of the integral over [0, 1]
    for (let k = 0; k < NODES; k += 2) total += SERIES[k * NODES + i] / (1 - k * k);
    return total;
  });

  function matrix(entry) {
    return Float64Array.from({ length: NODES * NODES }, (_, at) => entry(Math.floor(at / NODES), at % NODES));
  }

  /* Column k holds the polynomial (1 / (1 + x)) * integral of T_k from -1 to x. */
  function averages() {
    const chebyshev = [[1], [0, 1]];
    for (let k = 2; k < NODES; k++) {
      const next = [0, ...chebyshev[k - 1].map((c) => 2 * c)];
      chebyshev[k - 2].forEach((c, power) => (next[power] -= c));
      chebyshev.push(next);
    }
    const columns = chebyshev.map((polynomial) => {
      const quotient = new Float64Array(NODES); // of the integral, divided by x + 1 from the top down
      for (let power = polynomial.length; power > 0; power--) {
        quotient[power - 1] = polynomial[power - 1] / power - (power < NODES ? quotient[power] : 0);
      }
      return quotient;
    });
    return matrix((power, k) => columns[k][power]);
  }

  function multiply(matrix, vector, out) {
    for (let k = 0; k < NODES; k++) {
      let total = 0;
      for (let i = 0; i < NODES; i++) total += matrix[k * NODES + i] * vector[i];
      out[k] = total;
    }
  }

  function panelLength(depth) {
    const distance = Math.min(Math.PI / 2, (2 * Math.PI) / (depth + 2));
    const ellipse = (30 / TOLERANCE) ** (1 / NODES);
    return (4 * distance) / (ellipse - 1 / ellipse);
  }

  /* Where Theta = 1: x = sinh w there, and the elasticity d ln Theta / d ln x. Newton in logarithms. */
  function restingPoint(rho, alpha, eta, depth) {
    let x = Math.min(
      1 / rho,
      (rho * alpha) ** (-1 / 2),
      (rho * eta ** depth) ** (-1 / (depth + 1)),
      (rho * alpha * eta ** depth) ** (-1 / (depth + 2)),
    );
    let elasticity = 1;
    for (let step = 0; step < 50; step++) {
      const a2 = (alpha * x) ** 2;
      const b2 = (eta * x) ** 2;
      const share = rho * x * Math.sqrt(1 + a2) * (1 + b2) ** (depth / 2);
      elasticity = 1 + a2 / (1 + a2) + (depth * b2) / (1 + b2);
      const change = (2 * (share - 1)) / ((share + 1) * elasticity);
      x -= x * change;
      if (Math.abs(change) < 1e-12) break;
    }
    return [x, elasticity];
  }

  const sinhStep = new Float64Array(NODES);
  const coshStep = new Float64Array(NODES);
  const values = new Float64Array(NODES);
  const series = new Float64Array(NODES);
  const powers = new Float64Array(NODES);

  function deep(depth, b0, z, lambda, times, path) {
    const { theta, a, b, beta } = path;
    const count = times.length;
    const size = Math.abs(z);
    const root = Math.sqrt(lambda);
    const power = b0 ** depth;
    const s = Math.min(root, b0 / Math.sqrt(depth));
    const alpha2 = (s / root) ** 2;
    const eta2 = depth * (s / b0) ** 2;
    const rate = (root * power * size) / s;
    const rho = (s * root * power) / size;

    if (!(rho < LINEAR)) {
      for (let i = 0; i < count; i++) {
        const share = -Math.expm1(-times[i] * lambda * power * power);
        theta[i] = z * share;
        if (beta) {
          a[i] = root;
          b[i] = b0;
          beta[i] = (z * share) / (root * power);
        }
      }
      return;
    }

    const [xEnd, elasticity] = restingPoint(rho, s / root, Math.sqrt(eta2), depth);
    const end = Math.asinh(xEnd);
    const pole = (rho * xEnd * xEnd) / elasticity; // of G, times end - w
    const panels = Math.max(1, Math.ceil(end / panelLength(depth)));
    const h = end / panels;
    for (let k = 0; k < NODES; k++) {
      const m = Math.expm1(h * NODE[k]);
      sinhStep[k] = (m + m / (m + 1)) / 2;
      coshStep[k] = 1 + (m * m) / (m + 1) / 2;
    }

    let done = 0; // tau at the left end of the panel
    let first = 0; // time not yet reached
    for (let panel = 0; panel < panels && first < count; panel++) {
      const last = panel === panels - 1;
      const sinh = Math.sinh(panel * h);
      const cosh = Math.cosh(panel * h);
      let gain = 0;
      for (let k = 0; k < NODES; k++) {
        const x = sinh * coshStep[k] + cosh * sinhStep[k];
        const x2 = x * x;
        const b2 = 1 + eta2 * x2;
        let learned = 1 + alpha2 * x2;
        for (let layer = 0; layer < depth; layer++) learned *= b2;
        learned = Math.sqrt(learned); // A B^D
        let g = (cosh * coshStep[k] + sinh * sinhStep[k]) / (learned * (1 - rho * x * learned));
        if (last) g -= pole / (h * (1 - NODE[k]));
        values[k] = g;
        gain += h * WEIGHT[k] * g;
      }
      if (!last && rate * times[first] >= done + gain) {
        done += gain;
        continue;
      }
      multiply(SERIES, values, series);
      multiply(AVERAGE, series, powers);
      let xi = 0; // w = panel h + h xi; in the last panel xi = 1 - e^(-y)
      let y = 0;
      let slope = h * values[0] + (last ? pole : 0);
      let before = done;
      for (; first < count; first++) {
        const tau = rate * times[first];
        if (!last && tau >= done + gain) break;
        y += (tau - before) / slope;
        before = tau;
        for (let step = 0; step < 60; step++) {
          if (last) xi = -Math.expm1(-y);
          else xi = y = Math.min(y, 1);
          const x = 2 * xi - 1;
          let average = powers[NODES - 1];
          let derivative = 0;
          for (let k = NODES - 2; k >= 0; k--) {
            derivative = derivative * x + average;
            average = average * x + powers[k];
          }
          const g = h * (average + (1 + x) * derivative);
          slope = last ? g * (1 - xi) + pole : g;
          const change = (tau - done - h * xi * average - (last ? pole * y : 0)) / slope;
          y = Math.max(y + change, 0);
          if (Math.abs(change) <= 1e-8 * y) break;
        }
        xi = last ? -Math.expm1(-y) : (y = Math.min(y, 1));
        const m = Math.expm1(h * xi);
        const x = (sinh * (1 + (m * m) / (m + 1) / 2) + cosh * (m + m / (m + 1)) / 2);
        const a2 = 1 + alpha2 * x * x;
        const b2 = 1 + eta2 * x * x;
        let learned = a2;
        for (let layer = 0; layer < depth; layer++) learned *= b2;
        theta[first] = z * Math.min(rho * x * Math.sqrt(learned), 1);
        if (beta) {
          a[first] = root * Math.sqrt(a2);
          b[first] = b0 * Math.sqrt(b2);
          beta[first] = Math.sign(z) * s * x;
        }
      }
      done += gain;
    }
  }

  /* The over-parameterized flow of any depth. */
  function overParameterized(depth, b0, z, lambda, times, path) {
    if (depth === 0) {
      twoLayer(z, lambda, times, path);
      if (path.b) path.b.fill(b0);
    } else {
      deep(depth, b0, z, lambda, times, path);
    }
  }

  /* All layers at increasing times. */
  function state(depth, b0, z, lambda, times) {
    const path = {};
    for (const layer of ["theta", "a", "b", "beta"]) path[layer] = new Float64Array(times.length);
    overParameterized(depth, b0, z, lambda, times, path);
    return path;
  }

  return { vanilla, twoLayer, deep, overParameterized, state };
})();
