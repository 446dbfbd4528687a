"""Insured values as people read them: whole units of a currency from its minor ones. Pure."""

from __future__ import annotations

#: Currencies whose minor unit is the unit itself (ISO 4217).
WHOLE_CURRENCIES = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})


def write_amount(minor: int, currency: str, group: str = "") -> str:
    """The amount in units of the currency, its fraction only where there is one; `group` stands between thousands."""
    units, fraction = (minor, 0) if currency in WHOLE_CURRENCIES else divmod(minor, 100)
    whole = f"{units:,}".replace(",", group)
    return f"{whole}.{fraction:02d}" if fraction else whole


def say_amount(minor: int, currency: str) -> str:
    """The amount with its currency; "" when nothing is known."""
    return f"{write_amount(minor, currency, ',')} {currency}" if minor else ""
