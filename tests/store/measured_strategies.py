"""Small resources with numbers and quantities, and what can be asked of them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

UCUM = "http://unitsofmeasure.org"
_codes = st.sampled_from(("a", "b"))
_numbers = st.sampled_from((0, 1, 5, 5.4, 5.45, 5.35, 95, 99.5, 100, 105, 300, 5400, -5, 0.0054))
_units = st.sampled_from(("g", "mg", "m", "/s", "/min"))
_concepts = _codes.map(lambda code: {"coding": [{"system": "http://a.example", "code": code}]})


def _maybe(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


_quantities = st.builds(
    lambda number, unit, comparator: number | unit | comparator,
    _numbers.map(lambda number: {"value": number}),
    st.one_of(
        _units.map(lambda code: {"system": UCUM, "code": code, "unit": f"({code})"}),
        st.just({"unit": "g"}),
        st.just({}),
    ),
    st.one_of(
        st.just({}),
        st.sampled_from(("<", "<=", ">", ">=")).map(lambda mark: {"comparator": mark}),
    ),
)
_values = st.one_of(
    _quantities.map(lambda value: {"valueQuantity": value}),
    _concepts.map(lambda value: {"valueCodeableConcept": value}),
    st.just({}),
)
_measured = st.builds(lambda code, value: {"code": code} | value, _concepts, _values)
observations = st.builds(
    lambda own, rest: {"status": "final"} | own | rest,
    _measured,
    _maybe(component=st.lists(_measured, min_size=1, max_size=3)),
)
_range = _maybe(
    low=_numbers.map(lambda number: {"value": number}),
    high=_numbers.map(lambda number: {"value": number}),
).filter(bool)
risks = _maybe(
    prediction=st.lists(
        st.one_of(
            _numbers.map(lambda number: {"probabilityDecimal": number}),
            _range.map(lambda value: {"probabilityRange": value}),
        ),
        min_size=1,
        max_size=2,
    )
)
_places = st.integers(0, 4)
sequences = st.builds(
    lambda chromosome, variants: {"referenceSeq": {"chromosome": chromosome}} | variants,
    _concepts,
    _maybe(variant=st.lists(_maybe(start=_places, end=_places).filter(bool), min_size=1)),
)
_prefixes = st.sampled_from(("", "eq", "ne", "gt", "lt", "ge", "le", "ap"))
_digits = st.sampled_from(
    ("5", "5.4", "5.40", "100", "1e2", "1.0e2", "0", "-5", "5400", "5.4e3", "0.0054", "300")
)
numbers = st.builds("{}{}".format, st.one_of(_prefixes, st.sampled_from(("sa", "eb"))), _digits)
integers = st.builds("{}{}".format, _prefixes, st.sampled_from(("0", "1", "2.5", "3", "4.0")))
amounts = st.one_of(
    numbers,
    st.builds(lambda number, code: f"{number}|{UCUM}|{code}", numbers, _units),
    st.builds(lambda number, code: f"{number}||{code}", numbers, st.sampled_from(("g", "(mg)"))),
)
tokens = st.sampled_from(("a", "b", "http://a.example|a", "http://a.example|", "|a"))
measures = st.builds("{}${}".format, tokens, amounts)
concepts = st.builds("{}${}".format, tokens, tokens)
coordinates = st.builds("{}${}${}".format, tokens, integers, integers)
# The values of each parameter, and the modifiers it takes.
ASKED: dict[str, list[tuple[str, st.SearchStrategy[str]]]] = {
    "Observation": [
        ("code component-code combo-code value-concept combo-value-concept", tokens),
        ("value-quantity component-value-quantity combo-value-quantity", amounts),
        (
            "code-value-quantity component-code-value-quantity combo-code-value-quantity",
            measures,
        ),
        ("code-value-concept component-code-value-concept combo-code-value-concept", concepts),
    ],
    "RiskAssessment": [("probability", numbers)],
    "MolecularSequence": [
        ("variant-start", integers),
        ("chromosome", tokens),
        ("chromosome-variant-coordinate", coordinates),
    ],
}
