"""JSON Patch as RFC 6902 has it, and what of it is our own.

https://www.rfc-editor.org/rfc/rfc6902
"""

from __future__ import annotations

import pytest

from shared.fhir.errors import FhirError, Malformed, RuleViolation, TooLarge
from shared.fhir.patch.json_patch import apply, parse
from tests.unit.fhir_patch.trees import array, text, tree


def patched(before: str, operations: str) -> str:
    return text(apply(parse(array(operations)), tree(before)))


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        # The examples of the RFC's appendix.
        (
            '{"foo":"bar"}',
            '[{"op":"add","path":"/baz","value":"qux"}]',
            '{"baz":"qux","foo":"bar"}',
        ),
        (
            '{"foo":["bar","baz"]}',
            '[{"op":"add","path":"/foo/1","value":"qux"}]',
            '{"foo":["bar","qux","baz"]}',
        ),
        ('{"baz":"qux","foo":"bar"}', '[{"op":"remove","path":"/baz"}]', '{"foo":"bar"}'),
        ('{"foo":["a","b","c"]}', '[{"op":"remove","path":"/foo/1"}]', '{"foo":["a","c"]}'),
        ('{"a":1}', '[{"op":"replace","path":"/a","value":2}]', '{"a":2}'),
        (
            '{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}',
            '[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]',
            '{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}',
        ),
        (
            '{"foo":["all","grass","cows","eat"]}',
            '[{"op":"move","from":"/foo/1","path":"/foo/3"}]',
            '{"foo":["all","cows","eat","grass"]}',
        ),
        (
            '{"baz":"qux","foo":["a",2,"c"]}',
            '[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]',
            '{"baz":"qux","foo":["a",2,"c"]}',
        ),
        (
            '{"foo":"bar"}',
            '[{"op":"add","path":"/child","value":{"grandchild":{}}}]',
            '{"child":{"grandchild":{}},"foo":"bar"}',
        ),
        (
            '{"foo":"bar"}',
            '[{"op":"add","path":"/baz","value":"qux","xyz":123}]',
            '{"baz":"qux","foo":"bar"}',
        ),
        ('{"/":9,"~1":10}', '[{"op":"test","path":"/~01","value":10}]', '{"/":9,"~1":10}'),
        (
            '{"foo":["bar"]}',
            '[{"op":"add","path":"/foo/-","value":["abc","def"]}]',
            '{"foo":["bar",["abc","def"]]}',
        ),
        ('{"a":{"b":1}}', '[{"op":"copy","from":"/a/b","path":"/c"}]', '{"a":{"b":1},"c":1}'),
        ('{"a":1}', '[{"op":"move","from":"/a","path":"/a"}]', '{"a":1}'),
        ('{"a":1}', '[{"op":"add","path":"/a","value":null}]', '{"a":null}'),
        ('{"a":1}', '[{"op":"replace","path":"","value":{"b":2}}]', '{"b":2}'),
        ('{"":{"":1}}', '[{"op":"test","path":"//","value":1}]', '{"":{"":1}}'),
        ('{"a":1}', "[]", '{"a":1}'),
    ],
)
def test_each_operation_does_what_the_rfc_says(before: str, operations: str, after: str) -> None:
    assert patched(before, operations) == after


@pytest.mark.parametrize(
    "operation",
    [
        '{"op":"remove","path":"/x"}',
        '{"op":"remove","path":"/l/2"}',
        '{"op":"remove","path":"/l/-"}',
        '{"op":"remove","path":"/s/0"}',
        '{"op":"replace","path":"/x","value":1}',
        '{"op":"add","path":"/x/y","value":1}',
        '{"op":"add","path":"/l/3","value":1}',
        '{"op":"add","path":"/l/01","value":1}',
        '{"op":"add","path":"/l/-1","value":1}',
        '{"op":"add","path":"/l/x","value":1}',
        '{"op":"add","path":"/s/x","value":1}',
        '{"op":"copy","from":"/x","path":"/y"}',
        '{"op":"move","from":"/x","path":"/y"}',
        '{"op":"move","from":"/o","path":"/o/b"}',
        '{"op":"test","path":"/x","value":null}',
        '{"op":"test","path":"/s","value":"S"}',
        '{"op":"test","path":"/n","value":"1.50"}',
        '{"op":"test","path":"/n","value":1.51}',
        '{"op":"test","path":"/o","value":{"a":1,"b":1}}',
        '{"op":"test","path":"/l","value":[2,1]}',
        '{"op":"test","path":"/t","value":1}',
        '{"op":"replace","path":"","value":[]}',
        '{"op":"remove","path":""}',
    ],
)
def test_what_cannot_be_done_breaks_the_whole_and_names_the_operation(operation: str) -> None:
    before = '{"s":"s","l":[1,2],"o":{"a":1},"n":1.50,"t":true}'
    done = '{"op":"replace","path":"/s","value":"changed"}'
    with pytest.raises(RuleViolation) as refused:
        patched(before, f"[{done},{operation}]")
    assert "patch" in str(refused.value)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/s", '"s"'),
        ("/n", "1.5"),
        ("/n", "15e-1"),
        ("/i", "1.0"),
        ("/o", '{"b":[1.0,null],"a":true}'),
        ("/l", '[{"x":2.00}]'),
        ("/h", "1e999999999999999999999"),
    ],
)
def test_a_test_compares_values_and_not_their_text(path: str, value: str) -> None:
    before = (
        '{"s":"s","n":1.50,"i":1,"o":{"a":true,"b":[1,null]},"l":[{"x":2}],'
        '"h":1e999999999999999999999}'
    )
    assert patched(before, f'[{{"op":"test","path":"{path}","value":{value}}}]')
    with pytest.raises(RuleViolation):
        patched(before, f'[{{"op":"test","path":"{path}","value":"another"}}]')


@pytest.mark.parametrize(
    "operation",
    [
        "5",
        "null",
        "[]",
        "{}",
        '{"op":"jump","path":"/a"}',
        '{"op":["add"],"path":"/a","value":1}',
        '{"op":"add","value":1}',
        '{"op":"add","path":5,"value":1}',
        '{"op":"add","path":"a","value":1}',
        '{"op":"add","path":"/~2","value":1}',
        '{"op":"add","path":"/a~","value":1}',
        '{"op":"add","path":"/a"}',
        '{"op":"test","path":"/a"}',
        '{"op":"move","path":"/a"}',
        '{"op":"copy","from":"a","path":"/a"}',
    ],
)
def test_what_is_no_operation_is_malformed(operation: str) -> None:
    with pytest.raises(Malformed, match="Operation 1 "):
        parse(array(f'[{{"op":"remove","path":"/a"}},{operation}]'))
    assert len(parse(array('[{"op":"remove","path":"/a"}]'))) == 1


def test_numbers_keep_their_text() -> None:
    before = '{"n":1.10,"k":[0.0000001,1e2]}'
    operations = '[{"op":"copy","from":"/n","path":"/m"},{"op":"add","path":"/k/0","value":2.00}]'
    assert patched(before, operations) == '{"k":[2.00,0.0000001,1e2],"m":1.10,"n":1.10}'


@pytest.mark.parametrize(
    ("before", "operations", "after"),
    [
        ('{"a":[1],"b":2}', '[{"op":"remove","path":"/a/0"}]', '{"b":2}'),
        ('{"a":[{"x":{"y":1}}],"b":2}', '[{"op":"remove","path":"/a/0/x/y"}]', '{"b":2}'),
        ('{"a":{"x":1},"b":2}', '[{"op":"move","from":"/a/x","path":"/c"}]', '{"b":2,"c":1}'),
        ('{"_g":[null,{"id":"i"}],"g":["a","b"]}', '[{"op":"remove","path":"/_g/1/id"}]',
         '{"g":["a","b"]}'),
        ('{"_g":[{"id":"i"},{"id":"j"}],"g":["a","b"]}', '[{"op":"remove","path":"/_g/0/id"}]',
         '{"_g":[null,{"id":"j"}],"g":["a","b"]}'),
        # In between it may be empty.
        ('{"a":[1]}', '[{"op":"remove","path":"/a/0"},{"op":"add","path":"/a/-","value":2}]',
         '{"a":[2]}'),
        # What the patch itself leaves empty is for validation to refuse.
        ('{"b":1}', '[{"op":"add","path":"/a","value":[]}]', '{"a":[],"b":1}'),
    ],
)  # fmt: skip
def test_what_a_patch_empties_is_gone(before: str, operations: str, after: str) -> None:
    assert patched(before, operations) == after


def test_a_patch_and_what_it_patches_stay_as_they_were() -> None:
    before, document = tree('{"a":{"b":[1]}}'), array('[{"op":"add","path":"/c","value":{"d":1}}]')
    operations = parse([*document, {"op": "add", "path": "/c/e", "value": 2}])
    first, again = apply(operations, before), apply(operations, before)
    assert text(first) == text(again) == '{"a":{"b":[1]},"c":{"d":1,"e":2}}'
    assert text(before) == '{"a":{"b":[1]}}'
    assert text(document[0]["value"]) == '{"d":1}'


def test_a_patch_has_at_most_a_hundred_operations() -> None:
    one = {"op": "test", "path": "/a", "value": 1}
    assert apply(parse([one] * 100), {"a": 1}) == {"a": 1}
    with pytest.raises(TooLarge):
        parse([one] * 101)


@pytest.mark.parametrize("into", ["/a/-", "/{}"])
def test_a_patch_that_doubles_itself_is_stopped(into: str) -> None:
    operations = [{"op": "copy", "from": "/a", "path": into.format(f"x{i}")} for i in range(100)]
    with pytest.raises(FhirError):
        apply(parse(operations), {"a": ["x"] * 50_000})
    assert apply(parse(operations[:5]), {"a": ["x"] * 5})


@pytest.mark.parametrize("op", ["copy", "move"])
def test_a_patch_nests_no_deeper_than_a_body(op: str) -> None:
    deep: dict[str, object] = {"x": 1}
    for _ in range(40):
        deep = {"x": deep}
    operations = [{"op": op, "from": "/a", "path": "/b" + "/x" * 39 + "/y"}]
    with pytest.raises(RuleViolation, match="deeper"):
        apply(parse(operations), {"a": deep, "b": deep})
    operations = [{"op": op, "from": "/a", "path": "/b/x/y"}]
    assert apply(parse(operations), {"a": deep, "b": deep})
