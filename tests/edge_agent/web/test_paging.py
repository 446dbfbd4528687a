"""Cursors: they read back, and foreign ones are refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.web.paging import decode_cursor, encode_cursor, make_page
from edge_agent.web.problems import Problem


@given(st.text(max_size=40), st.integers(-(2**63) + 1, 2**63 - 1))
def test_cursor_reads_back(name: str, number: int) -> None:
    assert decode_cursor(encode_cursor([name, number]), str, int) == [name, number]


@pytest.mark.parametrize(
    "text", ["", "%", "é", "AAAA", "A", "=" * 9, encode_cursor([1]), encode_cursor(["a", 2**63]),
             encode_cursor(["a", True]), encode_cursor(["\ud800", 1]), base64.urlsafe_b64encode(b'{"a":1}').decode()],
)  # fmt: skip
def test_foreign_cursor_is_refused(text: str) -> None:
    with pytest.raises(Problem) as caught:
        decode_cursor(text, str, int)
    assert (caught.value.status, caught.value.field) == (422, "after")


@pytest.mark.parametrize(("rows", "items", "more"), [(0, 0, False), (3, 3, False), (4, 3, True)])
def test_page_tells_whether_another_follows(rows: int, items: int, more: bool) -> None:
    page = make_page(list(range(rows)), 3, lambda n: [n])
    assert (len(page.items), page.next is not None) == (items, more)
