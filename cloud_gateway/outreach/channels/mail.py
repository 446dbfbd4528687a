"""Mail by SMTP: one plain letter to one recipient under its own Message-ID, the same bytes at every resend."""

from __future__ import annotations

import re
import ssl
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

import aiosmtplib

from cloud_gateway.outreach.model import Recipient
from cloud_gateway.outreach.sending import CannotSend, Letter
from cloud_gateway.outreach.settings import Mail
from cloud_gateway.outreach.texts import one_line
from cloud_gateway.warnings.model import Level

TIMEOUT_S = 30.0
MAX_NAME = 80
_ADDRESS = re.compile(r"\S+@\S+")


class MailSender:
    """The channel of one mail server. A connection per letter: a broken one harms no other."""

    def __init__(self, settings: Mail) -> None:
        self._settings = settings
        self._context: ssl.SSLContext | None = None

    async def send(self, letter: Letter, recipient: Recipient) -> None:
        """Return once the server has taken the letter. Raises CannotSend.

        What is wrong with the server or with our own settings may pass; a refused recipient or text does not.
        """
        settings = self._settings
        if not settings.host:
            raise CannotSend("no mail server is set; set outreach.mail.host", retry=False)
        raw = compose(letter, recipient, settings.sender)
        try:
            await aiosmtplib.send(
                raw,
                sender=_address(settings.sender, "outreach.mail.sender").addr_spec,
                recipients=[recipient.mail],
                hostname=settings.host,
                port=settings.port,
                username=settings.username or None,
                password=_secret(settings),
                use_tls=settings.tls == "tls",
                start_tls=settings.tls == "starttls",
                tls_context=self._trust(),
                timeout=TIMEOUT_S,
            )
        except aiosmtplib.SMTPException as exc:
            raise judge(exc) from exc
        except OSError as exc:
            raise CannotSend(f"the mail server cannot be reached: {_quiet(str(exc))}", retry=True) from exc

    def _trust(self) -> ssl.SSLContext | None:
        """The machine's authorities, or the one of the settings, read once. Raises OSError."""
        file = self._settings.ca_file
        if self._context is None and self._settings.tls != "none":
            self._context = ssl.create_default_context(cafile=None if file is None else str(file))
        return self._context


def compose(letter: Letter, recipient: Recipient, sender: str) -> bytes:
    """The letter as RFC 5322 bytes; nothing in it depends on when it is sent. Raises CannotSend for a bad address."""
    origin = _address(sender, "outreach.mail.sender")
    goal = _address(recipient.mail, "the recipient's mail address")
    mail = EmailMessage(SMTP)
    mail["From"] = origin
    mail["To"] = Address(one_line(recipient.name, MAX_NAME), goal.username, goal.domain)
    mail["Subject"] = one_line(letter.subject, 200)
    mail["Date"] = formatdate(letter.made_at / 1000, usegmt=True)
    mail["Message-ID"] = f"<{letter.id}@{origin.domain}>"
    mail["List-Id"] = f"Weiran <weiran.{origin.domain}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices, please
    mail["X-Auto-Response-Suppress"] = "All"
    mail["Importance"] = "high" if letter.level >= Level.SEVERE else "normal"
    mail.set_content(letter.body, charset="utf-8", cte="base64")
    return mail.as_bytes()


def judge(exc: aiosmtplib.SMTPException) -> CannotSend:
    """Whether a letter that SMTP did not take may be taken later."""
    if isinstance(exc, aiosmtplib.SMTPRecipientsRefused) and exc.recipients:
        return judge(exc.recipients[0])
    if isinstance(exc, aiosmtplib.SMTPResponseException):
        text = f"the mail server says {exc.code} {_quiet(exc.message)}"
        lasting = isinstance(exc, aiosmtplib.SMTPRecipientRefused | aiosmtplib.SMTPDataError) and exc.code >= 500
        return CannotSend(text, retry=not lasting)
    return CannotSend(f"the mail server did not take it: {_quiet(str(exc))}", retry=True)


def _address(text: str, what: str) -> Address:
    """One bare address in ASCII. Raises CannotSend."""
    try:
        found = Address(addr_spec=text)
    except (ValueError, HeaderParseError, IndexError) as exc:
        raise CannotSend(f"{what} cannot be used", retry=False) from exc
    if not (found.username and found.domain and text.isascii()):
        raise CannotSend(f"{what} cannot be used", retry=False)
    return found


def _quiet(text: str) -> str:
    """Servers repeat addresses; logs do not."""
    return one_line(_ADDRESS.sub("(address)", text), 200)


def _secret(settings: Mail) -> str | None:
    """Read at each letter, so that a changed password needs no restart."""
    if settings.secret_file is None:
        return None
    try:
        return settings.secret_file.read_text().strip()
    except OSError as exc:
        raise CannotSend("the file of the mail password cannot be read", retry=True) from exc
