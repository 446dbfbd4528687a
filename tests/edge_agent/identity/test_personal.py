"""Personal text gets into no record in the clear: not by mistake, not without a key."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from deploy.provision.folder import Provision
from edge_agent.identity.identity import Identity, load_identity
from edge_agent.identity.personal import NotSealed, encode_body, seal_field
from edge_agent.wire.sealed import Sealed, SealedText

PLAIN = "欧阳未然"


class Slip(msgspec.Struct, frozen=True):
    counter: str
    customer: Sealed
    witness: Sealed | None = None


class Bundle(msgspec.Struct, frozen=True):
    slips: list[Slip]


@pytest.fixture
def identity(tmp_path: Path) -> Identity:
    made = Provision(tmp_path / "weiran")
    made.init(["127.0.0.1"], 8883)
    return load_identity(made.device("gauge-01"), "gauge-01")


def test_sealed_field_travels(identity: Identity) -> None:
    sealed = seal_field(identity, "customer", PLAIN)
    assert msgspec.json.decode(encode_body(Slip("7", sealed)), type=Slip) == Slip("7", sealed)


@pytest.mark.parametrize("plain", ["", "x", PLAIN * 1000], ids=["empty", "short", "long"])
def test_text_of_any_length_has_the_form_of_the_wire(identity: Identity, plain: str) -> None:
    encode_body(Slip("7", seal_field(identity, "customer", plain)))


def test_device_without_identity_refuses_by_field_and_remedy() -> None:
    with pytest.raises(NotSealed, match=r"customer is personal.*\[identity\] folder.*weiran provision device") as told:
        seal_field(None, "customer", PLAIN)
    assert PLAIN not in str(told.value)


@pytest.mark.parametrize(
    "text",
    [PLAIN, "", "sealed/1:", f"sealed/1:{PLAIN}", "sealed/2:" + "A" * 64],
    ids=["name", "empty", "prefix", "name behind the prefix", "later version"],
)
def test_clear_text_in_a_personal_field_is_refused_by_its_path(identity: Identity, text: str) -> None:
    good = Slip("7", seal_field(identity, "customer", PLAIN))
    with pytest.raises(NotSealed, match=r"\$\.slips\[1\]\.customer") as told:
        encode_body(Bundle([good, Slip("7", SealedText(text))]))
    assert PLAIN not in str(told.value)


def test_clear_text_in_a_personal_field_that_may_be_left_out_is_refused(identity: Identity) -> None:
    with pytest.raises(NotSealed, match="witness"):
        encode_body(Slip("7", seal_field(identity, "customer", PLAIN), SealedText(PLAIN)))
