"""What a patch has emptied: FHIR's JSON has no empty objects and arrays, so they go too.

An empty one that the patch itself put in stays, and is refused as in any other write.
https://hl7.org/fhir/R4/json.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet


def without_emptied(tree: Any, shrunk: AbstractSet[int]) -> bool:  # noqa: ANN401
    """Take out what is empty of the containers `shrunk`, named by identity, and what this empties.

    Tells whether the tree itself is left, which it is not if it is such a container.
    """
    if type(tree) is dict:
        gone = [name for name, child in tree.items() if not _is_left(name, child, shrunk)]
        for name in gone:
            del tree[name]
    elif type(tree) is list:
        kept = [child for child in tree if without_emptied(child, shrunk)]
        gone = [""] * (len(tree) - len(kept))
        tree[:] = kept
    else:
        return True
    return bool(tree) or not (gone or id(tree) in shrunk)


def _is_left(name: str, child: Any, shrunk: AbstractSet[int]) -> bool:  # noqa: ANN401
    if type(child) is list and name.startswith("_"):
        # The twin of a list of primitives: each place belongs to a value of the list.
        kept = [each if without_emptied(each, shrunk) else None for each in child]
        changed = kept != child
        child[:] = kept
        return not (changed or id(child) in shrunk) or any(each is not None for each in kept)
    return without_emptied(child, shrunk)
