"""Seeded synthetic people with a whole programme of twelve weeks, and the truth about each.

Pure: the same number, seed and last day give the same Bundles and truths on every machine.
"""

from services.synthetic.episodes.people import episodes

__all__ = ["episodes"]
