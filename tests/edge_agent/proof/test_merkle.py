"""The Merkle tree: the published roots and proofs of RFC 6962's reference entries, and its laws on random trees."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.proof.merkle import (
    Frontier,
    Node,
    ProofError,
    consistency_spans,
    inclusion_spans,
    is_consistent,
    is_included,
    leaf_hash,
    node_hash,
    prove,
    root_at,
    root_of,
)

ENTRIES = ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
LEAVES = [leaf_hash(bytes.fromhex(entry)) for entry in ENTRIES]


class Tree:
    """Nodes of a tree by place, as a store keeps them."""

    def __init__(self, leaves: list[bytes]) -> None:
        frontier = Frontier()
        self.nodes = {Node(0, place): leaf for place, leaf in enumerate(leaves)} | dict(frontier.extend(leaves))
        self.root = frontier.root

    def read(self, node: Node) -> bytes:
        return self.nodes[node]

    def inclusion(self, index: int, size: int) -> list[bytes]:
        return prove(inclusion_spans(index, size), self.read)

    def consistency(self, first: int, size: int) -> list[bytes]:
        return prove(consistency_spans(first, size), self.read)


TREE = Tree(LEAVES)
trees = st.integers(1, 80).map(lambda count: Tree([leaf_hash(bytes([i])) for i in range(count)]))


def plain_root(leaves: list[bytes]) -> bytes:
    """The definition of section 2.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return node_hash(plain_root(leaves[:half]), plain_root(leaves[half:]))


@pytest.mark.parametrize("size", range(9))
def test_roots_are_the_published_ones(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size]
    assert root_at(size, TREE.read).hex() == ROOTS[size]


@pytest.mark.parametrize(
    ("index", "size", "proof"),
    [
        pytest.param(0, 1, [], id="alone"),
        pytest.param(
            0,
            8,
            [
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
            id="first of 8",
        ),
        pytest.param(
            5,
            8,
            [
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
            id="sixth of 8",
        ),
    ],
)
def test_inclusion_proofs_are_the_published_ones(index: int, size: int, proof: list[str]) -> None:
    assert [hash_.hex() for hash_ in TREE.inclusion(index, size)] == proof


@pytest.mark.parametrize(
    ("first", "size", "proof"),
    [
        pytest.param(1, 1, [], id="same"),
        pytest.param(
            6,
            8,
            [
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
            id="6 to 8",
        ),
        pytest.param(
            2,
            5,
            [
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
            id="2 to 5",
        ),
    ],
)
def test_consistency_proofs_are_the_published_ones(first: int, size: int, proof: list[str]) -> None:
    assert [hash_.hex() for hash_ in TREE.consistency(first, size)] == proof


def test_the_worked_example_of_section_2_1_3_holds() -> None:
    seven = LEAVES[:7]
    (a, b, c, d), (e, f, j) = seven[:4], seven[4:]
    g, h, i = node_hash(a, b), node_hash(c, d), node_hash(e, f)
    k, last = node_hash(g, h), node_hash(i, j)
    assert [TREE.inclusion(m, 7) for m in (0, 3, 4, 6)] == [[b, h, last], [c, g, last], [f, j, k], [i, k]]
    assert [TREE.consistency(m, 7) for m in (3, 4, 6)] == [[c, d, g, last], [last], [i, j, k]]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=4), min_size=1, max_size=70))
def test_a_tree_that_grew_leaf_by_leaf_has_the_root_of_the_definition(entries: list[bytes]) -> None:
    leaves = [leaf_hash(entry) for entry in entries]
    assert root_of(leaves) == plain_root(leaves)


@settings(max_examples=60, deadline=None)
@given(trees, st.data())
def test_a_leaf_is_shown_to_be_where_it_is_and_nowhere_else(tree: Tree, data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len([n for n in tree.nodes if n.level == 0])))
    index, other = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    leaf, proof, root = tree.read(Node(0, index)), tree.inclusion(index, size), root_at(size, tree.read)
    assert is_included(leaf, index, size, proof, root)
    assert is_included(leaf, other, size, proof, root) == (other == index)
    assert not is_included(leaf_hash(b"another"), index, size, proof, root)
    assert not is_included(leaf, index, size, [*proof, leaf], root)
    assert not is_included(leaf, index, size, proof, leaf_hash(root))


@settings(max_examples=60, deadline=None)
@given(trees, st.data())
def test_a_longer_tree_is_shown_to_hold_the_shorter_and_no_other(tree: Tree, data: st.DataObject) -> None:
    most = len([n for n in tree.nodes if n.level == 0])
    size = data.draw(st.integers(1, most))
    first = data.draw(st.integers(1, size))
    roots = root_at(first, tree.read), root_at(size, tree.read)
    proof = tree.consistency(first, size)
    assert is_consistent(first, size, proof, *roots)
    assert not is_consistent(first, size, proof, leaf_hash(b"rewritten"), roots[1])
    assert not is_consistent(first, size, proof, roots[0], leaf_hash(b"rewritten"))
    assert not is_consistent(first, size, [*proof, roots[0]], *roots)


def test_a_root_is_no_proof_of_leaves_that_a_tree_does_not_have() -> None:
    assert not is_included(LEAVES[0], 8, 8, [], TREE.root)
    assert not is_consistent(9, 8, [], TREE.root, TREE.root)
    assert is_consistent(0, 8, [], bytes.fromhex(ROOTS[0]), TREE.root)
    with pytest.raises(ProofError):
        inclusion_spans(8, 8)
    with pytest.raises(ProofError):
        consistency_spans(9, 8)


def test_a_proof_grows_with_the_logarithm_of_the_tree() -> None:
    assert [len(inclusion_spans(size // 3, size)) for size in (1_000, 1_000_000, 1_000_000_000)] == [10, 20, 30]
