"""Reads the data files beside this module; `compile.py` writes them."""

from __future__ import annotations

from importlib.resources import files


def read_data(name: str) -> bytes:
    """Read one data file of this package."""
    return files(__package__).joinpath(name).read_bytes()
