"""The functions of FHIRPath that the rules of R4 use much."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from shared.fhir.fhirpath.collections import frozen
from shared.fhir.fhirpath.syntax import Literal
from shared.fhir.validation.invariants.made import Made, NotCompilable, are_distinct

if TYPE_CHECKING:
    from collections.abc import Callable

    from shared.fhir.fhirpath.syntax import Call
    from shared.fhir.validation.finding import Run
    from shared.fhir.validation.invariants.compiler import Compiler

_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,10}")


def _input(compiler: Compiler, call: Call) -> Made:
    if call.target is not None:
        return compiler.make(call.target)
    return Made(lambda this, _run: [this], types=compiler.types)


def _exists(compiler: Compiler, call: Call) -> Made:
    if call.arguments:
        select = _where(compiler, call).select
        return Made(lambda this, run: bool(select(this, run)), is_truth=True)
    keys = compiler.keys_of(call.target)
    if keys is not None and len(keys) == 1:
        (key,) = keys
        return Made(lambda this, _run: key in this, is_truth=True)
    if keys is not None:
        return Made(lambda this, _run: not keys.isdisjoint(this), is_truth=True)
    select = _input(compiler, call).select
    return Made(lambda this, run: bool(select(this, run)), is_truth=True)


def _empty(compiler: Compiler, call: Call) -> Made:
    keys = compiler.keys_of(call.target)
    if keys is not None and len(keys) == 1:
        (key,) = keys
        return Made(lambda this, _run: key not in this, is_truth=True)
    if keys is not None:
        return Made(lambda this, _run: keys.isdisjoint(this), is_truth=True)
    select = _input(compiler, call).select
    return Made(lambda this, run: not select(this, run), is_truth=True)


def _count(compiler: Compiler, call: Call) -> Made:
    select = _input(compiler, call).select
    return Made(lambda this, run: [len(select(this, run))], types=frozenset({"System.Integer"}))


def _not(compiler: Compiler, call: Call) -> Made:
    test = _input(compiler, call).test

    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        found = test(this, world)
        return None if found is None else not found

    return Made(run, is_truth=True)


def _criterion(compiler: Compiler, call: Call) -> tuple[Made, Made]:
    given = _input(compiler, call)
    if given.is_truth or not given.types:
        raise NotCompilable
    return given, compiler.within(given.types).make(call.arguments[0])


def _where(compiler: Compiler, call: Call) -> Made:
    given, criterion = _criterion(compiler, call)
    select, test = given.select, criterion.test
    return Made(
        lambda this, run: [each for each in select(this, run) if test(each, run)],
        types=given.types,
    )


def _all(compiler: Compiler, call: Call) -> Made:
    given, criterion = _criterion(compiler, call)
    select, test = given.select, criterion.test
    return Made(lambda this, run: all(test(each, run) for each in select(this, run)), is_truth=True)


def _select(compiler: Compiler, call: Call) -> Made:
    given, projection = _criterion(compiler, call)
    outer, inner = given.select, projection.select
    return Made(
        lambda this, run: [found for each in outer(this, run) for found in inner(each, run)],
        types=projection.types,
    )


def _slice(part: slice) -> Callable[[Compiler, Call], Made]:
    def make(compiler: Compiler, call: Call) -> Made:
        given = _input(compiler, call)
        select = given.select
        return Made(lambda this, run: select(this, run)[part], types=given.types)

    return make


def _is_distinct(compiler: Compiler, call: Call) -> Made:
    select = _input(compiler, call).select
    return Made(lambda this, run: are_distinct(select(this, run)), is_truth=True)


def _has_value(compiler: Compiler, call: Call) -> Made:
    select = _input(compiler, call).select

    def run(this: Any, world: Run) -> bool:  # noqa: ANN401
        found = select(this, world)
        return bool(found) and found[0] is not None and type(found[0]) is not dict

    return Made(run, is_truth=True)


def _intersect(compiler: Compiler, call: Call) -> Made:
    given, others = _input(compiler, call), compiler.make(call.arguments[0])
    one, two = given.select, others.select

    def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
        wanted = {frozen(each) for each in two(this, world)}
        return [each for each in one(this, world) if frozen(each) in wanted]

    return Made(run, types=given.types)


def _of_text(test: Callable[[str, str], bool]) -> Callable[[Compiler, Call], Made]:
    def make(compiler: Compiler, call: Call) -> Made:
        select = _input(compiler, call).select
        argument = call.arguments[0]
        if isinstance(argument, Literal):
            text = argument.value
            return _tested(select, lambda found, _this, _run: test(found, text))
        other = compiler.make(argument).select

        def compared(found: str, this: Any, run: Run) -> bool | None:  # noqa: ANN401
            texts = other(this, run)
            return test(found, texts[0]) if texts and type(texts[0]) is str else None

        return _tested(select, compared)

    return make


def _matches(compiler: Compiler, call: Call) -> Made:
    argument = call.arguments[0]
    if not isinstance(argument, Literal):
        raise NotCompilable
    search = re.compile(argument.value, re.ASCII | re.DOTALL).search
    select = _input(compiler, call).select
    return _tested(select, lambda found, _this, _run: search(found) is not None)


def _tested(
    select: Callable[[Any, Run], list[Any]], test: Callable[[str, Any, Run], bool | None]
) -> Made:
    def run(this: Any, world: Run) -> bool | None:  # noqa: ANN401
        found = select(this, world)
        return test(found[0], this, world) if found and found[0] is not None else None

    return Made(run, is_truth=True)


def _to_integer(compiler: Compiler, call: Call) -> Made:
    select = _input(compiler, call).select

    def run(this: Any, world: Run) -> list[Any]:  # noqa: ANN401
        texts = select(this, world)
        return [int(text) for text in texts if type(text) is str and _WHOLE.fullmatch(text)]

    return Made(run, types=frozenset({"System.Integer"}))


CALLS: Final[dict[str, Callable[[Compiler, Call], Made]]] = {
    "all": _all,
    "contains": _of_text(lambda text, part: part in text),
    "count": _count,
    "empty": _empty,
    "exists": _exists,
    "first": _slice(slice(0, 1)),
    "hasValue": _has_value,
    "intersect": _intersect,
    "isDistinct": _is_distinct,
    "matches": _matches,
    "not": _not,
    "select": _select,
    "startsWith": _of_text(lambda text, part: text.startswith(part)),
    "tail": _slice(slice(1, None)),
    "toInteger": _to_integer,
    # It writes nowhere.
    "trace": _input,
    "where": _where,
}
