"""The owner releases held texts, on a real PostgreSQL server."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from switchboard.errors import Conflict, NotFound
from switchboard.services.release_text import release_text
from tests.builders import HOUR, MINUTE, NOON, SITTER_NUMBER, World
from tests.inbound_texts import Switchboard

CLIENT, SITTER = "+15555550101", "+15555550102"
LEAK = "Call me on 415-555-0134"


def release(board: Switchboard, event_id: str, *, org_id: str = "default") -> None:
    release_text(
        event_id,
        org_id=org_id,
        reason="it is the vet's",
        user_id="owner-1",
        database=board.database,
        queue=board.send_queue,
        now=NOON + 2 * HOUR,
        new_id=lambda: str(uuid.uuid4()),
    )


def relays(board: Switchboard) -> list[tuple[str, str, str]]:
    return board.rows(
        """SELECT o.sender_e164, o.recipient_e164, e.body
           FROM ops.outbound_text AS o JOIN messaging."MessageEvent" AS e ON e.id = o.event_id
           WHERE o.purpose = 'relay' ORDER BY o.position"""
    )


@pytest.mark.parametrize(
    ("sender", "relayed"),
    [(CLIENT, (SITTER_NUMBER, SITTER, f"Jane D.: {LEAK}")), (SITTER, (SITTER_NUMBER, CLIENT, LEAK))],
)
def test_a_released_text_leaves_as_it_would_have_and_the_attempt_is_a_warning(
    board: Switchboard, world: World, sender: str, relayed: tuple[str, str, str]
) -> None:
    world.assigned()
    board.text(LEAK, sender=sender)
    [held] = board.inbound()
    release(board, held["id"])
    assert relays(board) == [relayed]
    assert board.rows(
        'SELECT action, "resolvedByUserId", "resolvedAt" IS NOT NULL FROM messaging."AntiPoachingAttempt"'
    ) == [("warned", "owner-1", True)]
    [event] = board.inbound()
    assert (event["deliveryStatus"], event["failureCode"]) == ("received", None)


def test_eight_releases_at_once_send_the_text_once(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK)
    [held] = board.inbound()

    def try_it(n: int) -> bool:
        try:
            release(board, held["id"])
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 1
    assert len(relays(board)) == 1


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE messaging."MessageThread" SET "assignedSitterId" = null""",
        """UPDATE messaging."MessageThread" SET "clientId" = 'somebody-else'""",
        """UPDATE messaging."Sitter" SET active = false""",
        """INSERT INTO messaging."OptOutState" (id, "orgId", "phoneE164", state, source)
           VALUES ('o1', 'default', '+15555550102', 'opted_out', 'provider')""",
    ],
)
def test_a_release_is_refused_when_who_would_get_it_has_changed(board: Switchboard, world: World, change: str) -> None:
    world.assigned()
    board.text(LEAK)
    [held] = board.inbound()
    world.sql(change)
    with pytest.raises(Conflict):
        release(board, held["id"])
    assert relays(board) == []


def test_a_text_that_is_not_held_is_not_released(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text("hello")
    with pytest.raises(Conflict):
        release(board, board.inbound()[0]["id"])


def test_another_organisations_text_is_not_found(board: Switchboard, world: World) -> None:
    world.assigned()
    board.text(LEAK)
    with pytest.raises(NotFound):
        release(board, board.inbound()[0]["id"], org_id="other")


def test_a_tagged_text_is_released_without_its_tag(board: Switchboard, world: World) -> None:
    ids = world.assigned()
    omar = world.client("+15555550104", first="Omar", last="Khan")
    world.window(world.thread(client_id=omar, sitter_id=ids["sitter"], number_id=ids["number"]), ids["sitter"], tag=2)
    board.text(f"#2 {LEAK}", sender=SITTER)
    board.text(LEAK, at=NOON + MINUTE)
    first, second = board.inbound()
    release(board, first["id"])
    release(board, second["id"])
    assert [(to, body) for _, to, body in relays(board)] == [
        ("+15555550104", LEAK),
        (SITTER, f"[1] Jane D.: {LEAK}"),
    ]


def test_a_contact_card_with_a_tag_alone_is_released_without_the_tag(board: Switchboard, world: World) -> None:
    world.assigned()
    card = [("MediaUrl0", "https://media.example.test/1"), ("MediaContentType0", "text/vcard")]
    board.text("#1", sender=SITTER, more=card)
    release(board, board.inbound()[0]["id"])
    assert [(to, body) for _, to, body in relays(board)] == [("+15555550101", "")]
