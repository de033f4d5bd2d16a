"""Seeded synthetic people and their hospital history.

Pure: the same number, seed and last day give the same Bundles on every machine.
"""

from services.synthetic.people import LAST_DAY, bundles

__all__ = ["LAST_DAY", "bundles"]
