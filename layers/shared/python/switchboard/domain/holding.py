"""Texts held back for the contact details in them: the attempt, the neutral notice, the owner's, the third strike."""

from collections.abc import Sequence
from datetime import datetime

from switchboard.domain import wording
from switchboard.domain.contact_check import STRIKES, Finding, Policy, check, said_near
from switchboard.domain.decision import Attempt
from switchboard.domain.draft import Draft
from switchboard.domain.facts import RecentText
from switchboard.domain.inbound_text import Media
from switchboard.domain.standing import Standing

HELD_KIND = "held"  # the automatic answer to a text that is held for its contact details


def find_details(
    draft: Draft,
    *,
    policy: Policy,
    thread_id: str,
    body: str,
    media: Sequence[Media],
    at: datetime,
    just_said: Sequence[RecentText] = (),
) -> Finding | None:
    """What a text that arrived at an instant gives away, read after what the sender said on the thread around then."""
    earlier = said_near((*draft.facts.recent, *just_said), thread_id=thread_id, at=at)
    return check(draft.facts, body=body, media=media, earlier=earlier, mode=policy.mode)


def note_attempt(draft: Draft, finding: Finding, *, event_id: str, standing: Standing, from_sitter: bool) -> None:
    """Records the attempt; a blocked one is answered neutrally, told to the owner, and may lock the sitter."""
    person_id = standing.sitter_id if from_sitter else standing.client_id
    draft.attempts.append(
        Attempt(
            event_id=event_id,
            thread_id=standing.thread_id,
            actor_type="sitter" if from_sitter else "client",
            actor_id=person_id,
            violation_type=finding.types[0],
            preview=finding.preview,
            action="blocked" if finding.blocked else "flagged",
            owner_notified=finding.blocked,
        )
    )
    if not finding.blocked:
        return
    locked = from_sitter and _strikes(draft, person_id) >= STRIKES
    if locked:
        draft.lock_sitter_id = person_id
    draft.hear(standing.thread_id, unread=True)
    draft.say(HELD_KIND, wording.HELD_NOTICE, thread_id=standing.thread_id)
    people = draft.facts.sitters if from_sitter else draft.facts.clients
    words = wording.owner_held(people[person_id].name, finding.preview, locked=locked)
    draft.notify(f"held:{event_id}", words)


def _strikes(draft: Draft, sitter_id: str) -> int:
    """The sitter's blocked attempts of STRIKE_MEMORY, those of this draft among them."""
    new = sum(one.action == "blocked" and one.actor_id == sitter_id for one in draft.attempts)
    return draft.facts.strikes.get(sitter_id, 0) + new
