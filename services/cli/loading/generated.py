"""What `stepdown generate --episodes` leaves in a folder: files to load, and the truth beside them.

The truth is no FHIR: who loads the folder means the files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from services.cli.console import Failure

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = "fhir"
TRUTH: Final = "truth.ndjson"


def is_truth(path: Path) -> bool:
    """Tell whether a file is the truth about the people beside it.

    :raises Failure: the people are not there.
    """
    if path.name != TRUTH:
        return False
    if not (path.parent / FILES).is_dir():
        raise Failure(
            f"{path.parent} holds {TRUTH}, but not the folder {FILES} with the people that it is "
            "about; write both again with `stepdown generate --episodes`."
        )
    return True
