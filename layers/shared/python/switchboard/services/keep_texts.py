"""Housekeeping of inbound texts: held ones past their time, unrouted ones, answers owed to clients."""

from functools import partial

from aws_lambda_powertools import Logger

from switchboard.domain import responses, wording
from switchboard.domain.draft import Draft
from switchboard.domain.inbound_text import InboundText
from switchboard.domain.messages import NOTICE_AGAIN_AFTER
from switchboard.domain.questions import LONGEST_HOLD, HeldTexts
from switchboard.services.announce_threads import announce
from switchboard.services.keep_house import for_each
from switchboard.services.receive_text import UNAVAILABLE, Receiving, route_text
from switchboard.store import held_texts, owner_notices, texts, unrouted_texts
from switchboard.store import responses as response_records
from switchboard.store.held_texts import HoldingSitter

SITTERS_A_RUN, TEXTS_A_RUN, RECORDS_A_RUN = 100, 100, 500
MOST_TRIES = 12  # with doubling pauses up to an hour: about seven hours
logger = Logger(service="switchboard", child=True)


def expire_held_texts(*, using: Receiving) -> int:
    """Gives the owner the texts that sitters left unanswered for 30 minutes.

    Answers with how many sitters had left some, and how many texts had nobody to ask.
    """
    now = using.now()
    with using.database.transaction() as tx:
        orphaned = held_texts.give_up(tx, held_before=now - LONGEST_HOLD, now=now)
        found = held_texts.holding_sitters(tx, held_before=now - LONGEST_HOLD, most=SITTERS_A_RUN)
    return orphaned + for_each(found, partial(_expire, using=using))


def _expire(holding: HoldingSitter, *, using: Receiving) -> bool:
    now, policy = using.now(), using.policy()
    nothing = InboundText("", holding.sitter_e164, holding.number_e164, "", (), None, holding.arrived_at)
    with using.database.transaction() as tx:
        held_texts.wait_for(tx, holding.sitter_e164)
        as_of_now = nothing._replace(arrived_at=now)  # those after the oldest may be for windows that opened since
        facts = texts.gather(tx, as_of_now, place=holding.place, now=now)
        if not facts.held:
            return False
        draft = Draft(facts, nothing, event_id=using.new_id(), now=now, new_id=using.new_id)
        HeldTexts(draft, policy).expire()
        texts.write(tx, draft.decision(), facts=facts, text=nothing, known_event=False, now=now, new_id=using.new_id)
    announce(using.send_queue, [one.thread_id for one in draft.outbound])
    return bool(draft.moved)


def route_stored_texts(*, using: Receiving) -> int:
    """Routes the texts that were stored and not routed; answers with how many were tried."""
    with using.database.transaction(read_only=True) as tx:
        found = unrouted_texts.due(tx, now=using.now(), most=TEXTS_A_RUN, most_tries=MOST_TRIES)
    for waiting in found:
        try:
            route_text(waiting.form, arrived_at=waiting.arrived_at, using=using)
        except UNAVAILABLE as error:
            logger.warning("text_left_for_later", error=type(error).__name__)
    return len(found)


def keep_response_records(*, using: Receiving) -> int:
    """Escalates the answers that are overdue, telling the owner, and expires those that nobody needs any more."""
    now, told = using.now(), []
    with using.database.transaction() as tx:
        changed = [
            (record, status)
            for record in response_records.pending(tx, now=now, most=RECORDS_A_RUN)
            if (status := responses.resolution(record, now=now))
        ]
        response_records.resolve(tx, [(record.id, status.value) for record, status in changed], now=now)
        for record, status in changed:
            if status is responses.Resolution.ESCALATED:
                told.append(
                    owner_notices.tell(
                        tx,
                        org_id=record.org_id,
                        subject=f"response:{record.thread_id}",
                        body=wording.owner_overdue(record.client_name),
                        now=now,
                        new_id=using.new_id,
                        again_after=NOTICE_AGAIN_AFTER,
                    )
                )
    announce(using.send_queue, [thread_id for thread_id in told if thread_id])
    return len(changed)
