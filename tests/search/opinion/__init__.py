"""A second opinion on searches: slow, plain, and written from the specification alone.

It reads raw query strings and raw JSON, and shares nothing with the search that it judges but the
compiled definitions of R4.

https://hl7.org/fhir/R4/search.html
"""

from tests.search.opinion.world import Answer, World

__all__ = ["Answer", "World"]
