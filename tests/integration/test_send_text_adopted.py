"""Delivery on a database of the earlier application, whose instants have no zone."""

from datetime import timedelta

import pytest

from tests.delivery_builders import NOW, SITTER_PHONE, a_relay, queue_texts
from tests.delivery_stage import Stage


@pytest.fixture
def adopted(stage: Stage) -> Stage:
    columns = stage.sql("""SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'messaging' AND data_type = 'timestamp with time zone'""")
    for table, column in columns:
        stage.sql(f"""ALTER TABLE messaging."{table}" ALTER COLUMN "{column}" TYPE timestamp(3)""")
    return stage


def test_a_text_is_sent_and_its_status_recorded(adopted: Stage) -> None:
    [event_id] = queue_texts(adopted.database, a_relay())
    adopted.work()
    adopted.tell(event_id, "delivered", sid=str(adopted.event(event_id)["sid"]))
    assert adopted.sent() == ["hello"]
    assert adopted.event(event_id)["status"] == "delivered"


def test_a_later_retry_keeps_to_the_windows_end_and_the_owner_is_told(adopted: Stage) -> None:
    [event_id] = queue_texts(adopted.database, a_relay())
    for number, hours in ((1, 0), (2, 1), (3, 4)):
        adopted.work()
        sid = str(adopted.event(event_id)["sid"])
        adopted.tell(event_id, "undelivered", sid=sid, attempt=number, code=30003)
        adopted.clock.move(minutes=15, hours=hours)
    assert adopted.sent() == ["hello"] * 3
    assert adopted.unread() == 1
    assert len(adopted.notices()) == 1


def test_an_opt_out_and_a_newer_start_are_told_apart(adopted: Stage) -> None:
    queue_texts(adopted.database, a_relay())
    adopted.simulator.account.add_faults("error", code=21610, times=1)
    adopted.work()
    assert adopted.sql('SELECT state, source FROM messaging."OptOutState"') == [["opted_out", "provider"]]
    adopted.sql(
        """UPDATE messaging."OptOutState" SET state = 'opted_in', source = 'inbound_keyword', "updatedAt" = :at""",
        at=(NOW + timedelta(seconds=1)).replace(tzinfo=None),
    )
    queue_texts(adopted.database, a_relay())
    adopted.simulator.account.add_faults("error", code=21610, times=1)
    adopted.clock.move(seconds=2)
    adopted.work()
    assert adopted.sql("SELECT person_e164 FROM ops.blocked_pair") == [[SITTER_PHONE]]
