"""The Merkle tree of RFC 6962, section 2.1: hashes, roots, proofs and their checks, over whatever keeps the nodes.

A *node* is the root of a complete subtree: level 0 is a leaf, node (level, place) covers the leaves from
`place * 2**level` on, 2**level of them. A node never changes, so that a store of nodes only grows; a proof needs some
log2(size) of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

#: The root of a tree without leaves: the hash of nothing.
EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32


class Node(NamedTuple):
    """The place of a complete subtree."""

    level: int
    place: int


#: Gives the hash of a node.
ReadNode = Callable[[Node], bytes]
#: Leaves from the first up to, and without, the second.
Span = tuple[int, int]


class ProofError(ValueError):
    """No such proof: an index or a size that the tree does not have."""


def leaf_hash(entry: bytes) -> bytes:
    """The hash of an entry's bytes."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass
class Frontier:
    """The right edge of a tree, all that growing it needs: `peaks` are its complete subtrees, the largest first."""

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    def add(self, leaf: bytes) -> Iterator[tuple[Node, bytes]]:
        """Append a leaf's hash; gives the nodes that it completes, from level 1 on."""
        index, level = self.size, 0
        self.size += 1
        while index & 1:
            leaf = node_hash(self.peaks.pop(), leaf)
            index, level = index >> 1, level + 1
            yield Node(level, index), leaf
        self.peaks.append(leaf)

    def extend(self, leaves: Iterable[bytes]) -> list[tuple[Node, bytes]]:
        """Append the hashes of leaves; returns the nodes that they complete, from level 1 on."""
        return [node for leaf in leaves for node in self.add(leaf)]

    @property
    def root(self) -> bytes:
        """The root of the tree as it is."""
        return fold(self.peaks)


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees, the largest first."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node_hash(peak, root)
    return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """The root over the hashes of leaves."""
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root


def parts(span: Span) -> list[Node]:
    """The complete subtrees of a span that a proof may name, the largest first: `fold` of their hashes is its root."""
    first, end = span
    found = []
    while first < end:
        level = (end - first).bit_length() - 1
        found.append(Node(level, first >> level))
        first += 1 << level
    return found


def inclusion_spans(index: int, size: int) -> list[Span]:
    """What an inclusion proof consists of, from the leaf upwards. Raises ProofError."""
    if not 0 <= index < size:
        raise ProofError(f"a tree of {size} leaves has no leaf {index}")
    spans, first, end = [], 0, size
    while end - first > 1:
        middle = first + _split(end - first)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first = middle
    return spans[::-1]


def consistency_spans(first_size: int, size: int) -> list[Span]:
    """What a consistency proof consists of. Raises ProofError."""
    if not 0 <= first_size <= size:
        raise ProofError(f"a tree of {size} leaves never had {first_size}")
    if first_size in (0, size):
        return []
    spans, first, end, whole = [], 0, size, True  # whole: what is left of the older tree is one of its own subtrees
    while end != first_size:
        middle = first + _split(end - first)
        if first_size <= middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((first, middle))
            first, whole = middle, False
    return ([] if whole else [(first, end)]) + spans[::-1]


def _split(count: int) -> int:
    """The largest power of two below `count`."""
    return 1 << ((count - 1).bit_length() - 1)


def prove(spans: Iterable[Span], read: ReadNode) -> list[bytes]:
    """The proof that consists of these spans."""
    return [fold([read(node) for node in parts(span)]) for span in spans]


def root_at(size: int, read: ReadNode) -> bytes:
    """The root that the tree had with its first `size` leaves."""
    return fold([read(node) for node in parts((0, size))])


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof shows that the leaf's hash stands at `index` of the tree of this size and root."""
    if not 0 <= index < size or not _are_hashes([leaf, root, *proof]):
        return False
    spans = inclusion_spans(index, size)
    if len(spans) != len(proof):
        return False
    found = leaf
    for (first, _), hash_ in zip(spans, proof, strict=True):
        found = node_hash(found, hash_) if first > index else node_hash(hash_, found)
    return found == root


def is_consistent(first_size: int, size: int, proof: Sequence[bytes], first_root: bytes, root: bytes) -> bool:
    """Whether the proof shows that the tree of the second size and root only added to that of the first."""
    if not 0 <= first_size <= size or not _are_hashes([first_root, root, *proof]):
        return False
    spans = consistency_spans(first_size, size)
    if len(spans) != len(proof):
        return False
    if first_size == 0:
        return first_root == EMPTY_ROOT
    if first_size == size:
        return first_root == root
    hashes = list(proof)
    if spans[0][1] == first_size:
        start, rest = hashes[0], list(zip(spans, hashes, strict=True))[1:]
    else:
        start, rest = first_root, list(zip(spans, hashes, strict=True))
    return _climb(first_size, start, rest) == (first_root, root)


def _climb(first_size: int, start: bytes, steps: Sequence[tuple[Span, bytes]]) -> tuple[bytes, bytes]:
    """The roots of both trees from their last common subtree upwards; what is right of the older is the newer's."""
    older = newer = start
    for (first, _), hash_ in steps:
        if first >= first_size:
            newer = node_hash(newer, hash_)
        else:
            older, newer = node_hash(hash_, older), node_hash(hash_, newer)
    return older, newer


def _are_hashes(values: Iterable[bytes]) -> bool:
    return all(len(value) == HASH_BYTES for value in values)
