/* The power-law problem, its noise and its risk: opgd/problem.py and opgd/risk.py in the browser. */
var opgd = opgd || {};

opgd.problem = (() => {
  "use strict";

  /* Signal j^(-(p+1)/2) at the positions floor(j^q), eigenvalues j^(-gamma), noise level n^(-1/2).
   * Arrays are indexed from 0: component j stands at j - 1. */
  function powerLaw({ p, q, gamma, n, size }) {
    const signal = new Float64Array(size);
    for (let j = 1; ; j++) {
      const position = Math.floor(j ** q);
      if (position > size) break;
      signal[position - 1] = j ** (-(p + 1) / 2);
    }
    const eigenvalues = Float64Array.from(signal, (_, index) => (index + 1) ** -gamma);
    return { signal, eigenvalues, epsilon: n ** -0.5, size };
  }

  /* `size` standard normal numbers. They depend on seed and trial only, and the first of a longer list are
   * those of a shorter one: noise is paired over all other parameters. The generator is Chris Doty-Humphrey's
   * sfc32 (public domain; 128 bits of state, in PractRand), started from (seed, trial, 0, 1) and run idle for
   * 15 steps; two outputs make one uniform number of 53 bits, two of those two normal numbers (Box and Muller).
   */
  function normals(seed, trial, size) {
    let [a, b, c, counter] = [seed | 0, trial | 0, 0, 1];
    const bits = () => {
      const result = (((a + b) | 0) + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = ((((c << 21) | (c >>> 11)) | 0) + result) | 0;
      return result >>> 0;
    };
    const uniform = () => ((bits() >>> 5) * 2 ** 26 + (bits() >>> 6)) / 2 ** 53;
    for (let step = 0; step < 15; step++) bits();
    const out = new Float64Array(size);
    for (let index = 0; index < size; index += 2) {
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const phi = 2 * Math.PI * uniform();
      out[index] = radius * Math.cos(phi);
      if (index + 1 < size) out[index + 1] = radius * Math.sin(phi);
    }
    return out;
  }

  function observe(problem, noise) {
    return Float64Array.from(problem.signal, (theta, index) => theta + problem.epsilon * noise[index]);
  }

  /* The squared error of one data set z at increasing times; `flow(z, lambda, times, path)` is a solver. */
  function risk(flow, problem, z, times) {
    const { signal, eigenvalues, size } = problem;
    const path = { theta: new Float64Array(times.length) };
    const total = new Float64Array(times.length);
    for (let index = 0; index < size; index++) {
      flow(z[index], eigenvalues[index], times, path);
      for (let i = 0; i < times.length; i++) total[i] += (path.theta[i] - signal[index]) ** 2;
    }
    return total;
  }

  /* The expected risk of the vanilla flow, equation (6) of the paper. */
  function vanillaRisk(problem, times) {
    const { signal, eigenvalues, epsilon } = problem;
    return times.map((t) => {
      let bias = 0;
      let variance = 0;
      for (let index = 0; index < problem.size; index++) {
        const learned = -Math.expm1(-eigenvalues[index] * t);
        bias += ((1 - learned) * signal[index]) ** 2;
        variance += learned * learned;
      }
      return bias + epsilon ** 2 * variance;
    });
  }

  /* The times of the theory, which does not name their constants: 1 / (b0^D epsilon) needs neither p nor q. */
  function universalTime(problem, depth, b0) {
    return 1 / (problem.epsilon * b0 ** depth);
  }
  function vanillaTime(problem, { p, q, gamma }) {
    return problem.epsilon ** ((-2 * q * gamma) / (p + q));
  }

  /* The minimum of a curve: that of a parabola, ln risk over ln t, through its lowest points, or an end. */
  function best(times, risks) {
    let low = 0;
    risks.forEach((value, i) => (low = value < risks[low] ? i : low));
    if (low === 0 || low === risks.length - 1) return { t: times[low], risk: risks[low], inside: false };
    const [x0, x1, x2] = [low - 1, low, low + 1].map((i) => Math.log(times[i]));
    const [y0, y1, y2] = [low - 1, low, low + 1].map((i) => Math.log(risks[i]));
    const left = (y1 - y0) / (x1 - x0);
    const curvature = ((y2 - y1) / (x2 - x1) - left) / (x2 - x0);
    if (!(curvature > 0)) return { t: times[low], risk: risks[low], inside: true }; // flat to the last digit
    const x = (x0 + x1) / 2 - left / (2 * curvature);
    const least = y0 + left * (x - x0) + curvature * (x - x0) * (x - x1);
    return { t: Math.exp(x), risk: Math.exp(least), inside: true };
  }

  /* `count` times from `low` to `high`, evenly spaced in the logarithm. */
  function logSpaced(low, high, count) {
    return Float64Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));
  }

  return { powerLaw, normals, observe, risk, vanillaRisk, universalTime, vanillaTime, best, logSpaced };
})();
