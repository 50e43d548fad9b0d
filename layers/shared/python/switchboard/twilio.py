"""Sends texts through Twilio, and asks it what became of them. Importing this is cheap; the first call is not."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

from switchboard.domain.delivery import Accepted, NotSent, SendOutcome, SentMessage, Unknown
from switchboard.domain.inbound_text import MOST_PICTURES, Media
from switchboard.errors import SecretUnavailable, TwilioUnavailable

if TYPE_CHECKING:
    from switchboard.twilio_http import HttpClient

_LIST_LIMIT = 1_000
_LIST_MARGIN = timedelta(minutes=1)
_MEDIA_BASE = "https://api.twilio.com"  # where a webhook's own addresses of media are
_UNAUTHORIZED, _NOT_FOUND = 401, 404


@dataclass(frozen=True, slots=True)
class TwilioCredentials:
    """The account and the token that its API takes now."""

    account_sid: str
    auth_token: str


@dataclass(frozen=True, slots=True)
class MessagePage:
    """A page of Twilio's list, newest first; next_url is the page of older ones, None on the last."""

    messages: tuple[SentMessage, ...]
    next_url: str | None


class ReadCredentials(Protocol):
    """Reads the credentials; fresh means past every cache, and None that they cannot be re-read now."""

    def __call__(self, *, fresh: bool) -> TwilioCredentials | None: ...


class TwilioAccount:
    """Twilio's client for one account, built when first used and again when its token was rotated."""

    def __init__(
        self,
        credentials: ReadCredentials,
        *,
        connect_timeout_s: float = 3.0,
        read_timeout_s: float = 10.0,
        base_url: str | None = None,
    ) -> None:
        self._read_credentials = credentials
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._base_url = base_url
        self._http: HttpClient | None = None
        self._client: Any = None
        self._credentials: TwilioCredentials | None = None

    def _ask(self, question: Callable[[Any], Any]) -> Any:
        from switchboard.twilio_http import FAILURES, http_status_of

        try:
            return self._call(question)
        except SecretUnavailable:
            raise TwilioUnavailable("no credentials") from None
        except FAILURES as error:
            http_status = http_status_of(error)
            if http_status == _NOT_FOUND:
                return None
            raise TwilioUnavailable(f"{type(error).__name__} {http_status or ''}".rstrip()) from None

    def _call(self, action: Callable[[Any], Any]) -> Any:
        """Call Twilio; a refused token is read anew and tried once more, for Twilio has done nothing yet."""
        from switchboard.twilio_http import FAILURES, http_status_of

        client = self._client or self._connect(fresh=False)
        try:
            return action(client)
        except FAILURES as error:
            if http_status_of(error) != _UNAUTHORIZED:
                raise
            renewed = self._connect(fresh=True)
            if renewed is client:
                raise
        return action(renewed)

    def _connect(self, *, fresh: bool) -> Any:
        """The client for the credentials as they are; the same one while they have not changed."""
        from twilio.rest import Client

        from switchboard.twilio_http import HttpClient

        credentials = self._read_credentials(fresh=fresh) or self._credentials
        if credentials is None:
            raise TwilioUnavailable("no credentials")
        if self._client is None or credentials != self._credentials:
            self._http = HttpClient(
                connect_timeout_s=self._connect_timeout_s,
                read_timeout_s=self._read_timeout_s,
                base_url=self._base_url,
            )
            self._client = Client(credentials.account_sid, credentials.auth_token, http_client=self._http)
            self._credentials = credentials
        return self._client


class TwilioSender(TwilioAccount):
    """The account's texts."""

    def send(
        self,
        *,
        sender: str,
        recipient: str,
        body: str,
        media_urls: Sequence[str] = (),
        status_callback: str | None = None,
        validity_period_s: int | None = None,
    ) -> SendOutcome:
        """Send one text, once: nothing here repeats a request that Twilio may have taken."""
        from switchboard.twilio_http import FAILURES, failure_of

        fields = _present(
            from_=sender,
            to=recipient,
            body=body,
            media_url=list(media_urls),
            status_callback=status_callback,
            validity_period=validity_period_s,
        )
        try:
            message = self._call(lambda client: client.messages.create(**fields))
        except (SecretUnavailable, TwilioUnavailable) as error:
            return NotSent(type(error).__name__)
        except FAILURES as error:
            return failure_of(error, retry_after_s=self._http.retry_after_s if self._http else None)
        if not message.sid:
            return Unknown("answer_without_sid")
        return Accepted(sid=message.sid, status=message.status or "queued")

    def list_sent(self, *, sender: str, recipient: str, since: datetime) -> list[SentMessage]:
        """What Twilio holds from sender to recipient since then, for match_sent. Raises TwilioUnavailable."""
        after = since.astimezone(UTC) - _LIST_MARGIN

        def ask(client: Any) -> Any:
            return client.messages.list(
                from_=sender, to=recipient, date_sent_after=after, limit=_LIST_LIMIT, page_size=_LIST_LIMIT
            )

        return [_sent_message(message) for message in self._ask(ask) or ()]

    def fetch(self, sid: str) -> SentMessage | None:
        """One message as it stands, for texts without a final status. Raises TwilioUnavailable."""
        found = self._ask(lambda client: client.messages(sid).fetch())
        return _sent_message(found) if found is not None else None

    def page_of_messages(self, *, since: datetime, until: datetime, size: int) -> MessagePage:
        """All messages between the instants, a second more at either end: the first page. Raises TwilioUnavailable."""
        margin = timedelta(seconds=1)
        bounds = {"date_sent_after": since.astimezone(UTC) - margin, "date_sent_before": until.astimezone(UTC) + margin}
        return self._page(lambda client: client.messages.page(page_size=size, **bounds))

    def following_page(self, url: str) -> MessagePage:
        """The page that another one names as the next. Raises TwilioUnavailable."""
        return self._page(lambda client: client.messages.get_page(url))

    def media_of(self, sid: str) -> tuple[Media, ...]:
        """The files that came with a text, as its webhook would name them. Raises TwilioUnavailable."""
        found = self._ask(lambda client: client.messages(sid).media.list(limit=MOST_PICTURES))
        return tuple(Media(_MEDIA_BASE + one.uri.removesuffix(".json"), one.content_type or "") for one in found or ())

    def _page(self, question: Callable[[Any], Any]) -> MessagePage:
        """Reads a page whole: a list that is not there is no answer."""

        def read(client: Any) -> MessagePage:
            page = question(client)
            return MessagePage(tuple(_sent_message(message) for message in page), page.next_page_url)

        found: MessagePage | None = self._ask(read)
        if found is None:
            raise TwilioUnavailable("no list of messages")
        return found


def _present(**fields: Any) -> dict[str, Any]:
    """An empty body or list is left out: Twilio then says what is missing."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}


def _sent_message(message: Any) -> SentMessage:
    return SentMessage(
        sid=message.sid,
        sender=message.from_ or "",
        recipient=message.to or "",
        body=message.body or "",
        status=message.status or "",
        created_at=message.date_created,
        error_code=message.error_code,
        direction=message.direction or "",
        media_count=int(message.num_media or 0),
    )
