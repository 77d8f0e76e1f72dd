"""Cross-validation without leakage: equal inputs and near neighbours stay in one fold; honest intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student
from sklearn.cluster import KMeans
from sklearn.model_selection import GroupKFold

from opgd._validate import SQUARABLE, array, real, whole

__all__ = ["Interval", "corrected_interval", "equal_rows", "grouped_splits", "spatial_blocks"]

Labels = NDArray[np.int64]


def equal_rows(x: ArrayLike) -> Labels:
    """Number the distinct rows of a matrix, so that equal inputs can be kept in one fold.

    Parameters
    ----------
    x : array_like, shape (n, d)
        Inputs.

    Returns
    -------
    ndarray of int, shape (n,)
        Rows with the same number are equal.

    Raises
    ------
    ValueError
        If `x` is not a finite matrix.

    Examples
    --------
    >>> equal_rows([[2.0, 1.0], [0.0, 1.0], [2.0, 1.0]]).tolist()
    [1, 0, 1]
    """
    rows = _matrix("x", x)
    return np.unique(rows, axis=0, return_inverse=True)[1].ravel().astype(np.int64)


def spatial_blocks(position: ArrayLike, blocks: int, *, seed: int = 0) -> Labels:
    """Cut places into compact blocks by k-means.

    Random folds leave next to every test point a training point of the same neighbourhood. Folds made of
    whole blocks ask for prediction elsewhere.

    Parameters
    ----------
    position : array_like, shape (n, 2)
        Places, in comparable units along both axes; of modulus <= 1e150.
    blocks : int
        Number of blocks, at least 2 and at most n.
    seed : int
        Seed of the centres.

    Returns
    -------
    ndarray of int, shape (n,)
        Number of each place's block.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> blocks = spatial_blocks([[0, 0], [0, 1], [9, 9], [9, 8]], 2)
    >>> blocks[0] == blocks[1] != blocks[2] == blocks[3]
    np.True_
    """
    places = _matrix("position", position, SQUARABLE)
    blocks = whole("blocks", blocks, least=2, most=len(places))
    seed = whole("seed", seed, least=0, most=2**32 - 1)
    found = KMeans(blocks, n_init=1, random_state=seed).fit(places)
    return np.asarray(found.labels_, dtype=np.int64)


def grouped_splits(
    groups: ArrayLike, *, folds: int = 5, repetitions: int = 1, seed: int = 0
) -> list[tuple[Labels, Labels]]:
    """Split repeatedly into folds of whole groups; the same list for every model pairs their scores.

    Parameters
    ----------
    groups : array_like of int, shape (n,)
        Number of each sample's group.
    folds : int
        Number of folds, at least 2 and at most the number of groups.
    repetitions : int
        How often, at least 1; groups are dealt to folds anew each time.
    seed : int
        Seed of the first repetition; the next ones use the following numbers.

    Returns
    -------
    list of (train, test)
        Rows for training and for testing, `folds` for each repetition; every row is tested once a repetition.

    Raises
    ------
    ValueError
        If an argument is out of range.

    Examples
    --------
    >>> splits = grouped_splits([0, 0, 1, 2], folds=3, repetitions=2)
    >>> len(splits), sorted(len(test) for _, test in splits)
    (6, [1, 1, 1, 1, 2, 2])
    """
    labels = np.asarray(groups)
    if labels.ndim != 1 or labels.dtype.kind not in "iu" or not labels.size:
        raise ValueError(f"groups = {groups!r} is not allowed: it must hold one whole number for each sample")
    folds = whole("folds", folds, least=2, most=len(np.unique(labels)))
    repetitions = whole("repetitions", repetitions, least=1)
    seed = whole("seed", seed, least=0, most=2**32 - 1 - repetitions)
    splits = []
    for repetition in range(repetitions):
        cut = GroupKFold(folds, shuffle=True, random_state=seed + repetition)
        splits += [(train, test) for train, test in cut.split(labels, groups=labels)]
    return splits


@dataclass(frozen=True)
class Interval:
    """A mean with the ends of its interval of confidence.

    Attributes
    ----------
    mean, low, high : float
        The mean of the scores and the two ends.
    """

    mean: float
    low: float
    high: float


def corrected_interval(scores: ArrayLike, *, test_share: float, level: float = 0.95) -> Interval:
    r"""Interval of confidence of a cross-validated score, corrected for overlapping training sets.

    Scores of different folds share most of their training data, so their variance divided by their number
    is too small. Nadeau and Bengio (2003) replace 1/J by $1/J + n_\text{test}/n_\text{train}$ in the
    variance of the mean of J scores, with Student's t of J - 1 degrees of freedom; Bouckaert and Frank (2004)
    use it for repeated folds.
    For two models, give the differences of their scores on the same splits.

    Parameters
    ----------
    scores : array_like, shape (J,)
        Scores of the splits, at least 2.
    test_share : float
        Share of the samples that is tested in a split, in (0, 1): 1/5 for five folds.
    level : float
        Probability of the interval, in (0, 1).

    Returns
    -------
    Interval

    Raises
    ------
    ValueError
        If an argument is out of range or not finite.

    References
    ----------
    C. Nadeau and Y. Bengio, Inference for the generalization error, Machine Learning 52 (2003), 239-281.
    R. R. Bouckaert and E. Frank, Evaluating the replicability of significance tests for comparing learning
    algorithms, PAKDD 2004, 3-12.

    Examples
    --------
    >>> interval = corrected_interval([1.0, 2.0, 3.0, 2.0], test_share=0.25)
    >>> interval.mean, round(interval.low, 3), round(interval.high, 3)
    (2.0, 0.015, 3.985)
    """
    values = array("scores", scores, largest=SQUARABLE)
    if values.ndim != 1 or values.size < 2:
        raise ValueError(f"scores of shape {values.shape} are not allowed: they must be (J,) with J >= 2")
    share = real("test_share", test_share, above=0, most=0.999999)
    level = real("level", level, above=0, most=0.999999)
    variance = float(values.var(ddof=1)) * (1 / values.size + share / (1 - share))
    half = float(student.ppf((1 + level) / 2, values.size - 1)) * variance**0.5
    mean = float(values.mean())
    return Interval(mean, mean - half, mean + half)


def _matrix(name: str, value: ArrayLike, largest: float = math.inf) -> NDArray[np.float64]:
    matrix = array(name, value, largest=largest)
    if matrix.ndim != 2 or 0 in matrix.shape:
        raise ValueError(
            f"{name} of shape {matrix.shape} is not allowed: it must be a matrix with rows and columns"
        )
    return matrix
