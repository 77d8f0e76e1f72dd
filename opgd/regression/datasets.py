"""The two data sets of Figure 6, shipped with the package.

The files lie in ``opgd/regression/data``; `NOTICE` beside them states source, citation and licence
of each, and ``regenerate.py`` makes them again.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from importlib.resources import files
from typing import Any, Literal, overload

import numpy as np
from sklearn.utils import Bunch

from opgd._validate import Array

__all__ = ["load_california_housing", "load_concrete"]

SHA256 = {
    "california_housing.csv.gz": "dc93bad319cdf6bd9720ba5cf5b79f42dda485380b3c59eab3b4aa3b6cb6714c",
    "concrete.csv.gz": "6f0491e7800707293795767b99b28e5319e7f52b2feeb39f47581b1201f73b6a",
}
"""Checksums of the files as shipped."""

CALIFORNIA_UNITS = {
    "MedInc": "10,000 US dollars",
    "HouseAge": "years",
    "AveRooms": "rooms per household",
    "AveBedrms": "bedrooms per household",
    "Population": "people",
    "AveOccup": "people per household",
    "Latitude": "degrees north",
    "Longitude": "degrees east",
    "MedHouseVal": "100,000 US dollars",
}

CONCRETE_UNITS = {
    "cement": "kg per cubic metre",
    "blast_furnace_slag": "kg per cubic metre",
    "fly_ash": "kg per cubic metre",
    "water": "kg per cubic metre",
    "superplasticizer": "kg per cubic metre",
    "coarse_aggregate": "kg per cubic metre",
    "fine_aggregate": "kg per cubic metre",
    "age": "days",
    "compressive_strength": "MPa",
}


@overload
def load_california_housing(*, return_X_y: Literal[False] = False, as_frame: bool = False) -> Any: ...
@overload
def load_california_housing(
    *, return_X_y: Literal[True], as_frame: Literal[False] = False
) -> tuple[Array, Array]: ...
@overload
def load_california_housing(*, return_X_y: Literal[True], as_frame: Literal[True]) -> tuple[Any, Any]: ...
def load_california_housing(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Load California Housing: 20,640 block groups of the census of 1990, 8 inputs.

    The inputs are median income (10,000 US dollars), median age of the houses (years), rooms and bedrooms per
    household, people, people per household, latitude (degrees north) and longitude (degrees east). The
    target is the median value of the houses in 100,000 US dollars; values above 5 are stored as 5.00001.
    Neighbouring rows are neighbours on the map: folds of consecutive rows are spatial blocks.
    The file's sha256 is dc93bad319cdf6bd9720ba5cf5b79f42dda485380b3c59eab3b4aa3b6cb6714c.

    Parameters
    ----------
    return_X_y : bool
        Return the pair ``(data, target)`` instead of a bunch.
    as_frame : bool
        Return pandas objects; needs pandas.

    Returns
    -------
    sklearn.utils.Bunch
        ``data`` (20640, 8), ``target`` (20640,), ``feature_names``, ``target_names``, ``units`` (a dictionary
        from column to unit), ``frame`` (None unless `as_frame`), ``DESCR`` and ``filename``.

    Raises
    ------
    ValueError
        If the file is missing or is not the one that was shipped.

    References
    ----------
    R. K. Pace and R. Barry, Sparse spatial autoregressions, Statistics & Probability Letters 33 (1997),
    291-297.

    Examples
    --------
    >>> houses = load_california_housing()
    >>> houses.data.shape, round(float(houses.target.mean()), 4), houses.units["MedHouseVal"]
    ((20640, 8), 2.0686, '100,000 US dollars')
    """
    return _load("california_housing.csv.gz", CALIFORNIA_UNITS, return_X_y, as_frame)


@overload
def load_concrete(*, return_X_y: Literal[False] = False, as_frame: bool = False) -> Any: ...
@overload
def load_concrete(*, return_X_y: Literal[True], as_frame: Literal[False] = False) -> tuple[Array, Array]: ...
@overload
def load_concrete(*, return_X_y: Literal[True], as_frame: Literal[True]) -> tuple[Any, Any]: ...
def load_concrete(*, return_X_y: bool = False, as_frame: bool = False) -> Any:
    """Load Concrete Compressive Strength: 1,030 samples of high-performance concrete, 8 inputs.

    The inputs are the kilograms per cubic metre of cement, blast furnace slag, fly ash, water,
    superplasticizer, coarse and fine aggregate, and the age in days. The target is the compressive strength
    in MPa.
    Some inputs occur more than once (992 are distinct), 25 rows entirely so: keep equal inputs in one fold.
    The file's sha256 is 6f0491e7800707293795767b99b28e5319e7f52b2feeb39f47581b1201f73b6a.

    Parameters
    ----------
    return_X_y : bool
        Return the pair ``(data, target)`` instead of a bunch.
    as_frame : bool
        Return pandas objects; needs pandas.

    Returns
    -------
    sklearn.utils.Bunch
        ``data`` (1030, 8), ``target`` (1030,), and further keys as in `load_california_housing`.

    Raises
    ------
    ValueError
        If the file is missing or is not the one that was shipped.

    References
    ----------
    I-C. Yeh, Modeling of strength of high-performance concrete using artificial neural networks, Cement and
    Concrete Research 28 (1998), 1797-1808; UCI Machine Learning Repository, doi:10.24432/C5PK67.

    Examples
    --------
    >>> X, y = load_concrete(return_X_y=True)
    >>> X.shape, round(float(y.mean()), 2)
    ((1030, 8), 35.82)
    """
    return _load("concrete.csv.gz", CONCRETE_UNITS, return_X_y, as_frame)


def _read(name: str) -> bytes:
    """Return a shipped file, decompressed, if it is what was shipped."""
    path = files("opgd.regression").joinpath("data", name)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ValueError(
            f"the data file {path} cannot be read: {error}; install the package again"
        ) from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise ValueError(
            f"the data file {path} is damaged: its sha256 is {found} and must be {SHA256[name]}; "
            "install the package again, or make the file again with regenerate.py beside it"
        )
    return gzip.decompress(content)


def _load(name: str, units: dict[str, str], return_x_y: bool, as_frame: bool) -> Any:
    for option, value in (("return_X_y", return_x_y), ("as_frame", as_frame)):
        if not isinstance(value, bool):
            raise ValueError(f"{option} = {value!r} is not allowed: it must be True or False")
    content = _read(name)
    header, _, _ = content.partition(b"\n")
    columns = header.decode("ascii").split(",")
    table = np.loadtxt(io.BytesIO(content), delimiter=",", skiprows=1)
    data, target = np.ascontiguousarray(table[:, :-1]), table[:, -1].copy()
    frame: Any = None
    if as_frame:
        import pandas as pd

        frame = pd.DataFrame(table, columns=columns)
        data, target = frame[columns[:-1]], frame[columns[-1]]
    if return_x_y:
        return data, target
    loader = load_california_housing if name.startswith("california") else load_concrete
    return Bunch(
        data=data,
        target=target,
        frame=frame,
        feature_names=columns[:-1],
        target_names=columns[-1:],
        units=dict(units),
        DESCR=loader.__doc__,
        filename=str(files("opgd.regression").joinpath("data", name)),
    )
