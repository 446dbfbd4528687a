"""Signed notes and checkpoints: the published examples byte for byte, and what is refused."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge_agent.proof.checkpoints import (
    Checkpoint,
    LogKey,
    NoteError,
    cosign_note,
    open_checkpoint,
    read_checkpoint,
    read_vkey,
    sign_note,
    verify_note,
    write_checkpoint,
)

# The key and note of the format's reference implementation, golang.org/x/mod/sumdb/note.
VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
SEED = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
SIGNED = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
NOTE = f"{TEXT}\n— PeterNeumann {SIGNED}\n"
PETER = Ed25519PrivateKey.from_private_bytes(SEED)
KEY = read_vkey(VKEY)

# The example of C2SP tlog-checkpoint.
SOFA = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
SOFA_ROOT = base64.b64decode("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")

OURS = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OUR_KEY = LogKey("weiran.example/evidence", OURS.public_key().public_bytes_raw())
HEAD = Checkpoint("weiran.example/evidence", 7, bytes(range(32)))


def test_the_reference_key_is_read_and_written_the_same() -> None:
    assert KEY.name == "PeterNeumann"
    assert KEY.vkey == VKEY
    assert KEY.public == PETER.public_key().public_bytes_raw()


def test_signing_makes_the_reference_note_byte_for_byte() -> None:
    assert sign_note(TEXT, "PeterNeumann", PETER) == NOTE


def test_the_reference_note_is_verified() -> None:
    assert verify_note(NOTE, [KEY]) == TEXT


def test_the_published_checkpoint_is_read_and_written_the_same() -> None:
    read = read_checkpoint(SOFA)
    assert read == Checkpoint("example.com/behind-the-sofa", 20852163, SOFA_ROOT)
    assert write_checkpoint(read) == SOFA


def test_a_checkpoint_with_extension_lines_is_read() -> None:
    assert read_checkpoint(f"{SOFA}more\n").size == 20852163


def test_a_signed_head_opens_with_its_key_alone() -> None:
    note = sign_note(write_checkpoint(HEAD), OUR_KEY.name, OURS)
    assert open_checkpoint(note, [KEY, OUR_KEY]) == HEAD
    with pytest.raises(NoteError, match="no known key"):
        open_checkpoint(note, [KEY])


def test_a_witness_signs_the_same_text_and_the_log_key_still_opens_it() -> None:
    note = sign_note(write_checkpoint(HEAD), OUR_KEY.name, OURS)
    cosigned = cosign_note(note, "PeterNeumann", PETER)
    assert open_checkpoint(cosigned, [OUR_KEY]) == open_checkpoint(cosigned, [KEY]) == HEAD


@pytest.mark.parametrize(
    "note",
    [
        pytest.param(NOTE.replace("cryptography", "cryptographY"), id="text altered"),
        pytest.param(NOTE.replace("x08go/ZJ", "x08go/ZK"), id="signature altered"),
        pytest.param(NOTE.replace("x08go", "y08go"), id="key id altered"),
        pytest.param(NOTE.replace("— ", "- "), id="another dash"),
        pytest.param(NOTE[:-1], id="no line feed at the end"),
        pytest.param(NOTE.replace("\n\n", "\n"), id="no empty line"),
        pytest.param(NOTE.replace("problem,", "problem,\r"), id="carriage return"),
        pytest.param(f"{TEXT}\n", id="no signature"),
        pytest.param(NOTE.replace("nAM=", "nAN="), id="base64 of the same bytes written otherwise"),
        pytest.param("x" * 20_000 + NOTE, id="too long"),
        pytest.param(f"{TEXT}\n" + NOTE[len(TEXT) + 1 :] * 33, id="too many signatures"),
    ],
)
def test_an_altered_note_is_refused(note: str) -> None:
    with pytest.raises(NoteError):
        verify_note(note, [KEY])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(VKEY.replace("c74f20a3", "c74f20a4"), id="id of another key"),
        pytest.param(VKEY.replace("PeterNeumann", "PeterNeuman"), id="id of another name"),
        pytest.param(VKEY[:-4], id="short"),
        pytest.param("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", id="another algorithm"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_bad_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_vkey(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(SOFA.replace("20852163", "020852163"), id="size with a leading zero"),
        pytest.param(SOFA.replace("20852163", "-1"), id="negative size"),
        pytest.param(SOFA.replace("20852163", "٢"), id="digits of another script"),
        pytest.param(SOFA.replace("Cs", "C"), id="short root"),
        pytest.param(SOFA[:-1], id="no line feed at the end"),
        pytest.param(f"{SOFA}\n", id="empty extension line"),
        pytest.param("\n" + SOFA, id="empty origin"),
        pytest.param("example.com/log\n3\n", id="two lines"),
    ],
)
def test_a_bad_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        read_checkpoint(text)


def test_an_origin_that_would_frame_another_checkpoint_is_not_written() -> None:
    with pytest.raises(NoteError):
        write_checkpoint(Checkpoint("evil\n999", 1, bytes(32)))
