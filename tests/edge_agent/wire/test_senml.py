"""SenML packs (RFC 8428) keep every finite value, and refuse what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.wire.senml import decode_pack, encode_pack, entry

values = (
    st.floats(allow_nan=False, allow_infinity=False)
    | st.booleans()
    | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=50)
)


@given(st.dictionaries(st.from_regex(r"[a-z][a-z0-9_]{0,31}", fullmatch=True), values, min_size=1, max_size=10))
def test_values_come_back_equal_and_of_their_type(given_values: dict[str, float | bool | str]) -> None:
    pack = encode_pack(entry(name, "m", value) for name, value in given_values.items())
    back = {e.n: e.value for e in decode_pack(pack)}
    assert back == given_values
    assert [type(back[n]) for n in given_values] == [type(v) for v in given_values.values()]


def test_equal_packs_are_equal_bytes() -> None:
    computed_zero = (7 - 7) / 1e9
    assert encode_pack([entry("b", "m", 1), entry("a", "m", 2.0, computed_zero)]) == (
        b'[{"n":"a","u":"m","v":2.0},{"n":"b","u":"m","v":1.0}]'
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_not_finite_is_refused_where_it_arises(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        entry("tide", "m", value)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"{}", b'[{"n":"a","v":1e999}]', b'[{"n":"a","v":"1"}]', b'[{"v":1}]', b"[" * 9999],
    ids=["empty", "no array", "overflow", "text for number", "no name", "deep"],
)
def test_malformed_packs_are_refused(body: bytes) -> None:
    with pytest.raises((ValueError, RecursionError)):
        decode_pack(body)
