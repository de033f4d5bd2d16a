"""A search as one value: parsed once, narrowed by the access, then compiled to SQL.

A criterion of another parameter type brings its own class of values.

https://hl7.org/fhir/R4/search.html
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from shared.fhir.search.links import leads_to

if TYPE_CHECKING:
    from shared.fhir.errors import Issue
    from shared.fhir.search.parameters import Parameter
    from shared.fhir.search.values import Value

DEFAULT_COUNT: Final = 50

Total = Literal["none", "estimate", "accurate"]
Summary = Literal["true", "text", "data", "count", "false"]


@dataclass(frozen=True, slots=True)
class Criterion:
    """A parameter of which at least one value must match; `:not`, that none does."""

    parameter: Parameter
    modifier: str | None
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """A parameter of which the resource must have no value, or some."""

    parameter: Parameter
    is_missing: bool


@dataclass(frozen=True, slots=True)
class Chain:
    """A reference whose target, of one of these types, has to meet the criterion of its type.

    `subject:Patient.name=x` is one of a single type, `subject.name=x` of each that has a `name`.
    """

    parameter: Parameter
    targets: tuple[tuple[str, Restriction], ...]


@dataclass(frozen=True, slots=True)
class Has:
    """A resource of another type that refers to the match by `parameter`, and meets a criterion.

    `_has:Observation:patient:code=x`
    """

    type: str
    parameter: Parameter
    criterion: Restriction


@dataclass(frozen=True, slots=True)
class InCompartment:
    """A place in the compartment of a resource: by one of these parameters, or as itself.

    https://hl7.org/fhir/R4/compartmentdefinition.html
    """

    type: str
    id: str
    parameters: tuple[Parameter, ...]
    holds_itself: bool = False


Restriction = Criterion | Missing | Chain | Has | InCompartment


@dataclass(frozen=True, slots=True)
class Include:
    """What is to be shown beside the matches: by a reference of theirs, or a reference to them.

    `source` is the type that has the reference; `target` restricts the type that it leads to.
    `iterate`: also beside what was included.
    """

    source: str
    parameter: Parameter
    target: str | None = None
    is_reverse: bool = False
    iterate: bool = False

    @property
    def targets(self) -> tuple[str, ...]:
        """The types that it leads to."""
        return leads_to(self.parameter) if self.target is None else (self.target,)


@dataclass(frozen=True, slots=True)
class Sort:
    """A sort key; resources without a value come last in both directions."""

    parameter: Parameter
    descending: bool


@dataclass(frozen=True, slots=True)
class Result:
    """How the matches are to be shown; or with `explain`, how they are found."""

    summary: Summary | None = None
    elements: tuple[str, ...] = ()
    pretty: bool = False
    format: str | None = None
    explain: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A search of one type; all criteria hold of each match.

    One of several types has a query of each as its `parts`, and itself no type and no criteria.
    `compartment` is the type and id of the resource in whose compartment is searched.
    `page` is the opaque key of a page. `used` are the parameters as they were given, without
    those that a lenient parse skipped; `issues` tell of these.
    """

    type: str
    criteria: tuple[Restriction, ...] = ()
    sort: tuple[Sort, ...] = ()
    count: int = DEFAULT_COUNT
    total: Total = "none"
    page: str | None = None
    includes: tuple[Include, ...] = ()
    result: Result = field(default_factory=Result)
    used: tuple[tuple[str, str], ...] = ()
    issues: tuple[Issue, ...] = ()
    compartment: tuple[str, str] | None = None
    parts: tuple[Query, ...] = ()

    @property
    def of_each_type(self) -> tuple[Query, ...]:
        """Give the search of each type."""
        return self.parts or (self,)

    @property
    def fingerprint(self) -> bytes:
        """Tell apart searches whose pages do not continue one another."""
        asked = [pair for pair in self.used if pair[0] == "_sort" or pair[0] not in RESULT]
        return sha256(repr((self.compartment, self.type, asked)).encode()).digest()


# Parameters that say how the result looks, not what it holds.
RESULT: Final = frozenset(
    {
        "_count",
        "_elements",
        "_explain",
        "_format",
        "_page",
        "_pretty",
        "_sort",
        "_summary",
        "_total",
    }
)
