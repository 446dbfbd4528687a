"""What a right and a wrong clock may decide about the broker's certificate."""

from __future__ import annotations

import pytest

from edge_agent.wire.tls import CertificateTime, certificate_fault

DAY = 86_400_000
BEGINS, ENDS = 1000 * DAY, 2000 * DAY

CASES = {
    "right clock, within": (CertificateTime(1500 * DAY, 900 * DAY, trusted=True), ""),
    "right clock, expired": (CertificateTime(2001 * DAY, 900 * DAY, trusted=True), "has expired"),
    "right clock, too early": (CertificateTime(999 * DAY, 900 * DAY, trusted=True), "is not valid yet"),
    "clock called right but before the floor": (CertificateTime(0, 1500 * DAY, trusted=True), ""),
    "clock in 1970": (CertificateTime(0, 900 * DAY, trusted=False), ""),
    "clock far ahead": (CertificateTime(9000 * DAY, 1100 * DAY, trusted=False), ""),
    "clock in 1970, expired for certain": (CertificateTime(0, 2001 * DAY, trusted=False), "has expired"),
}


@pytest.mark.parametrize(("time", "fault"), CASES.values(), ids=CASES.keys())
def test_certificate_is_judged_by_what_is_known_of_the_time(time: CertificateTime, fault: str) -> None:
    assert certificate_fault(BEGINS, ENDS, time).startswith(fault)
    assert bool(certificate_fault(BEGINS, ENDS, time)) == bool(fault)
