"""How a row of a search is known to refer to another: by the term of a parameter.

The keys in `targets` say only that there is a reference; the term says which parameter's it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.fhir.definitions import TYPE_CODE, compartment_parameters
from shared.fhir.search.terms import target_term

if TYPE_CHECKING:
    from shared.fhir.search.parameters import Parameter
    from shared.store.search.arguments import Arguments


def link_term(parameter: Parameter, source: Arguments, target: Arguments) -> str:
    """Hash, as the index does, the term of a source that refers to the target `r`."""
    return hashed(f"{source.bind(link_text(parameter, source, target), 'text')} || r.id")


def link_text(parameter: Parameter, source: Arguments, target: Arguments) -> str:
    """Write what is hashed for a reference to a target, up to its id."""
    term = target_term(parameter.number, target.resource_type, "")
    return f"{source.tenant}|{TYPE_CODE[source.resource_type]}|{term}"


def has_few_referrers(resource_type: str) -> bool:
    """Tell what belongs to one patient from what is shared: an organization, a practitioner."""
    return resource_type == "Patient" or bool(compartment_parameters("Patient", resource_type))


def hashed(text: str) -> str:
    """Hash the SQL of a text as `hash_term` does."""
    digest = f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"
    return f"('x' || left({digest}, 16))::bit(64)::bigint"
