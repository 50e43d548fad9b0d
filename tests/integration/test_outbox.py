"""What the parts that write the outbox rely on, on a real PostgreSQL server."""

import json
import threading
from datetime import timedelta

import pytest

from switchboard.domain.messages import Purpose
from switchboard.errors import ConstraintViolated, QueueUnavailable
from switchboard.services.announce_threads import announce
from switchboard.store import outbox, owner_notices
from switchboard.store.database import Database
from tests.delivery_builders import (
    FRONT_DESK,
    NOW,
    ORG,
    OWNER,
    THREAD,
    WINDOW,
    WINDOW_END,
    Sql,
    a_relay,
    arrange_conversation,
    next_id,
    queue_texts,
)
from tests.fakes import ListQueue


@pytest.fixture(autouse=True)
def _conversation(sql: Sql) -> None:
    arrange_conversation(sql)


def test_a_queued_text_is_an_event_and_an_outbox_row(database: Database, sql: Sql) -> None:
    text = a_relay("Jane: hi", media_urls=("https://example.test/a.jpg",), metadata={"tag": 1})
    queue_texts(database, text)
    [event] = sql("""SELECT id, "threadId", direction, "actorType", "actorClientId", body, "deliveryStatus",
        "responsibleSitterIdSnapshot", "createdAt", "updatedAt", "attemptCount" FROM messaging."MessageEvent" """)
    assert event == [text.event_id, THREAD, "outbound", "client", "client-1", "Jane: hi", "queued", "sitter-1",
                     NOW, NOW, 0]  # fmt: skip
    [[media, metadata]] = sql('SELECT "mediaJson", "metadataJson" FROM messaging."MessageEvent"')
    assert json.loads(str(media))[0]["url"] == "https://example.test/a.jpg"
    assert json.loads(str(metadata)) == {"tag": 1}
    [row] = sql("""SELECT event_id, purpose, state, attempts, arrived_at, window_id, not_after, next_attempt_at
        FROM ops.outbound_text""")
    assert row == [text.event_id, "relay", "waiting", 0, NOW, WINDOW, WINDOW_END, None]


def test_texts_queued_together_keep_their_order(database: Database, sql: Sql) -> None:
    ids = queue_texts(database, *(a_relay(str(n)) for n in range(50)))
    assert [row[0] for row in sql("SELECT event_id FROM ops.outbound_text ORDER BY position")] == ids


def test_a_queued_text_moves_its_threads_times_forward_only(database: Database, sql: Sql) -> None:
    queue_texts(database, a_relay())
    queue_texts(database, a_relay(), now=NOW - timedelta(hours=1))
    assert sql('SELECT "lastMessageAt", "lastOutboundAt" FROM messaging."MessageThread"') == [[NOW, NOW]]


def test_the_same_event_is_queued_once_only(database: Database, sql: Sql) -> None:
    text = a_relay()
    queue_texts(database, text)
    with pytest.raises(ConstraintViolated):
        queue_texts(database, text)
    assert sql("SELECT count(*) FROM ops.outbound_text") == [[1]]


@pytest.mark.parametrize("body", ["a\0b", "a\ud83db"])
def test_characters_that_the_database_cannot_hold_are_left_out(database: Database, sql: Sql, body: str) -> None:
    queue_texts(database, a_relay(body))
    assert sql('SELECT body FROM messaging."MessageEvent"') == [["ab"]]


@pytest.mark.parametrize("body", ["", "🐶" * 1600, "\u200b\ufeff", "'; DROP TABLE x; --", ":name {messaging} %s $1"])
def test_any_other_body_is_kept_as_it_is(database: Database, sql: Sql, body: str) -> None:
    queue_texts(database, a_relay(body))
    assert sql('SELECT body FROM messaging."MessageEvent"') == [[body]]


def test_no_texts_are_no_statement(database: Database) -> None:
    with database.transaction() as tx:
        outbox.add(tx, [], now=NOW)


def tell(
    database: Database, subject: str = "pool_exhausted", after: timedelta | None = None, minutes: int = 0
) -> str | None:
    with database.transaction() as tx:
        return owner_notices.tell(
            tx, org_id=ORG, subject=subject, body="No number is free.", now=NOW + timedelta(minutes=minutes),
            new_id=next_id, again_after=after,
        )  # fmt: skip


def test_the_owner_is_told_from_the_front_desk_on_the_internal_thread(database: Database, sql: Sql) -> None:
    thread_id = tell(database)
    assert sql("""SELECT id, "numberClass" FROM messaging."MessageThread" WHERE scope = 'internal'""") == [
        [thread_id, "front_desk"]
    ]
    assert sql("SELECT thread_id, sender_e164, recipient_e164, purpose FROM ops.outbound_text") == [
        [thread_id, FRONT_DESK, OWNER, Purpose.OWNER_NOTICE.value]
    ]


def test_the_owner_is_told_once_while_a_state_lasts_and_again_after_it_ended(database: Database, sql: Sql) -> None:
    first = tell(database)
    assert tell(database, minutes=600) is None
    with database.transaction() as tx:
        owner_notices.clear(tx, org_id=ORG, subject="pool_exhausted")
    assert tell(database, minutes=601) == first
    assert sql("SELECT count(*) FROM ops.outbound_text") == [[2]]


def test_the_owner_is_told_again_after_the_pause_that_was_asked_for(database: Database) -> None:
    pause = timedelta(minutes=5)
    assert tell(database, after=pause)
    assert tell(database, after=pause, minutes=4) is None
    assert tell(database, after=pause, minutes=5)


def test_twenty_tellings_at_once_are_one_text(database: Database, sql: Sql) -> None:
    gate = threading.Barrier(20)

    def run() -> None:
        gate.wait()
        tell(database)

    workers = [threading.Thread(target=run) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sql("SELECT count(*) FROM ops.outbound_text") == [[1]]


def test_different_subjects_at_once_share_one_internal_thread(database: Database, sql: Sql) -> None:
    gate = threading.Barrier(8)
    found: list[str | None] = []

    def run(subject: str) -> None:
        gate.wait()
        found.append(tell(database, subject))

    workers = [threading.Thread(target=run, args=(f"thread:{n}",)) for n in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(set(found)) == 1
    assert sql("SELECT count(*) FROM ops.outbound_text") == [[8]]


@pytest.mark.parametrize(
    "missing",
    [
        """UPDATE messaging."MessageNumber" SET status = 'disabled' WHERE "numberClass" = 'front_desk'""",
        'UPDATE messaging."Organization" SET "ownerPhone" = NULL',
    ],
)
def test_without_front_desk_or_owners_phone_the_notice_stands_unread_on_the_internal_thread(
    database: Database, sql: Sql, missing: str
) -> None:
    sql(missing)
    assert [tell(database), tell(database), tell(database, "front_desk_missing")] == [None] * 3
    events = sql("""SELECT thread.scope, thread."ownerUnreadCount", event.body, event."deliveryStatus",
        event."failureCode" FROM messaging."MessageEvent" AS event
        JOIN messaging."MessageThread" AS thread ON thread.id = event."threadId" """)
    assert events == [["internal", 2, "No number is free.", "failed", "OWNER_OUT_OF_REACH"]] * 2
    assert sql("SELECT count(*) FROM ops.outbound_text") == [[0]]


class BrokenQueue:
    def __init__(self) -> None:
        self.asked: list[object] = []

    def put(self, body: dict[str, object], *, delay_s: int = 0) -> None:
        self.asked.append(body["threadId"])
        raise QueueUnavailable


def test_a_queue_that_is_away_breaks_nothing_and_is_asked_once() -> None:
    queue = BrokenQueue()
    announce(queue, ["a", "b", "a"])
    assert queue.asked == ["a"]


def test_a_thread_is_announced_once_however_many_of_its_texts_wait() -> None:
    queue = ListQueue()
    announce(queue, ["a", "b", "a"])
    assert queue.announced() == [("a", 0), ("b", 0)]
