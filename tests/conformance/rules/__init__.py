"""The rules of FHIR's REST as requests and the answers that they must have, outside search.

Each rule stands with its opposite: what is accepted, and beside it what is refused.
"""

from tests.conformance.rules import (
    bundles,
    content,
    creates,
    deletes,
    patches,
    reads,
    references,
    updates,
)

RULES = (
    *reads.RULES,
    *creates.RULES,
    *updates.RULES,
    *patches.RULES,
    *deletes.RULES,
    *bundles.RULES,
    *content.RULES,
    *references.RULES,
)
