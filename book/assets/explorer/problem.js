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

  const PER_DECADE = 16; // times of a scan
  const WIDER = 100; // by which a scan goes on where the risk still falls
  const WIDENINGS = 6;
  const FINER = 16; // parts into which a valley is cut
  const MOST = 6; // valleys that are cut in one round
  const CLOSE = 1.1; // valleys up to so much higher than the lowest are looked into

  function lowest(risks) {
    let low = 0;
    risks.forEach((value, i) => (low = value < risks[low] ? i : low));
    return low;
  }

  /* Below, `evaluate` is a generator: given times it returns risks, and may yield so that a page can breathe.
   * `plain` makes one of a function, `atOnce` runs one to its end. */
  const plain = (risks) =>
    function* (times) {
      return risks(times);
    };
  function atOnce(steps) {
    for (;;) {
      const { done, value } = steps.next();
      if (done) return value;
    }
  }

  /* Risks at times from `low` to `high`, and farther where the lowest would be at an end of them. */
  function* scan(evaluate, low, high) {
    for (let widened = 0; ; widened++) {
      const times = logSpaced(low, high, 1 + Math.ceil(PER_DECADE * Math.log10(high / low) - 1e-9));
      const risks = yield* evaluate(times);
      const at = lowest(risks);
      if (widened === WIDENINGS || (at > 0 && at < times.length - 1)) return { times, risks };
      if (at === 0) low /= WIDER;
      else high *= WIDER;
    }
  }

  /* The grids of a finer search in each valley of a scan that may be the deepest. */
  function valleys({ times, risks }) {
    const limit = CLOSE * risks[lowest(risks)];
    const grids = [];
    for (let i = 1; i < times.length - 1; i++) {
      if (risks[i] <= limit && risks[i] <= risks[i - 1] && risks[i] < risks[i + 1]) {
        grids.push(logSpaced(times[i - 1], times[i + 1], FINER + 1));
      }
    }
    return grids;
  }

  /* The smallest risk of a scan, its valleys cut finer `rounds` times: where, how much, and whether it lies
   * inside. Every risk was evaluated at its time. */
  function* search(evaluate, found, rounds) {
    const at = lowest(found.risks);
    let least = { t: found.times[at], risk: found.risks[at], inside: at > 0 && at < found.times.length - 1 };
    let grids = valleys(found);
    for (let round = 0; round < rounds; round++) {
      const finer = [];
      for (const times of grids) {
        const risks = yield* evaluate(times);
        const low = lowest(risks);
        if (risks[low] < least.risk) least = { t: times[low], risk: risks[low], inside: true };
        finer.push({ times, risks });
      }
      grids = finer.filter(({ risks }) => risks[lowest(risks)] <= CLOSE * least.risk).flatMap(valleys);
      if (grids.length > MOST) grids.length = MOST;
    }
    return least;
  }

  /* The smallest expected risk of the vanilla flow, to 1e-8 of it, in a scan or a wider one. */
  function leastVanilla(problem, low, high) {
    const evaluate = plain((times) => vanillaRisk(problem, times));
    const found = atOnce(scan(evaluate, low, high));
    return { ...found, least: atOnce(search(evaluate, found, 4)) };
  }

  /* `count` times from `low` to `high`, evenly spaced in the logarithm. */
  function logSpaced(low, high, count) {
    return Float64Array.from({ length: count }, (_, i) => low * (high / low) ** (i / (count - 1)));
  }

  return { powerLaw, normals, observe, risk, vanillaRisk, universalTime, vanillaTime, plain, atOnce, scan, search, leastVanilla, logSpaced };
})();
