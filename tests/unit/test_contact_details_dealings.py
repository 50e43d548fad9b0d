"""An invitation to deal without the organisation is known by its signs together, and by none of them alone."""

from __future__ import annotations

from itertools import product

import pytest

from switchboard.domain.contact_details import ViolationType, judge

_AWAY = [
    "we could leave the agency out of it",
    "if it doesn't go through the app",
    "no need for the website",
    "just decline the request",
    "rather than through this service",
    "they take 30 percent",
    "the company won't know",
]
_DEAL = [
    "I'll hand you the money when you come",
    "I could pay you by check",
    "we can arrange it ourselves, just the two of us",
    "you would keep the full amount",
    "I would pay you in cash",
]
_ORDINARY = [
    "I don't need the service on Friday, please cancel that visit",
    "please decline the second request and I'll pay for the first",
    "the company said that it charges my card on the 1st",
    "I left 20 in cash on the counter for pizza",
    "how much would you charge for a second cat?",
    "just the two of us were on the trail",
    "use that leash from now on instead of this one",
    "she doesn't go through doors that she doesn't know",
    "I can't see the booking in the app",
    "don't let the books on the shelf fall on him",
    "keep the full bag in the closet",
    "I'm on call this weekend and the app is slow, so keep it quiet",
    "we took a pic for instagram, DSC_0147.jpg and DSC_0148.jpg",
    "after the contract work is done we can use the yard",
]


@pytest.mark.parametrize(("away", "deal"), list(product(_AWAY, _DEAL)))
def test_leaving_the_organisation_out_and_dealing_with_each_other_make_an_invitation(away: str, deal: str) -> None:
    assert judge(f"{away}, {deal}").types == (ViolationType.SOCIAL_MEDIA,)
    assert judge(f"{deal}, {away}").is_leak


@pytest.mark.parametrize("text", [*_ORDINARY, "just decline the request", "what would you charge me"])
def test_one_kind_of_sign_alone_is_none(text: str) -> None:
    assert not judge(text).is_leak


def test_signs_far_from_each_other_say_nothing_together() -> None:
    assert not judge("Please decline the request. " + "He had a good day. " * 10 + "What would you charge me?").is_leak


@pytest.mark.parametrize("phrase", ["side {}deal with the litter", "off{} the system hums", "private{} walks are calm"])
def test_a_sign_that_begins_something_new_cuts_a_short_phrase_in_two(phrase: str) -> None:
    assert judge(phrase.format("").replace("  ", " ")).is_leak
    assert not judge(phrase.format(", ").replace(" ,", ",").replace("  ", " ")).is_leak


@pytest.mark.parametrize("emoji", ["\N{PAW PRINTS}", "~", "  "])
def test_an_emoji_or_more_spaces_cut_none(emoji: str) -> None:
    assert judge(f"lets go off{emoji}the app").is_leak


@pytest.mark.parametrize(
    ("text", "is_leak"),
    [
        ("I can't share my number, just text me on this one", False),
        ("we're not allowed to give out our numbers, reply here", False),
        ("please don't give my number to the neighbor", False),
        ("I can't share my number in the app, so take my cell", True),
        ("can't you give me your number?", True),
        ("why don't you give me your number", True),
        ("are you allowed to give me your number?", True),
        ("don't share my number with them, it's just for you", True),
    ],
)
def test_a_number_that_is_not_to_be_given_is_no_invitation(text: str, *, is_leak: bool) -> None:
    assert judge(text).is_leak is is_leak


@pytest.mark.parametrize(("text", "is_leak"), [("they know us", False), ("no one needs to know about it", True)])
def test_who_knows_is_no_secret_and_who_must_not_is_one(text: str, *, is_leak: bool) -> None:
    assert judge(text).is_leak is is_leak


@pytest.mark.parametrize(
    ("slip", "is_leak"),
    [
        ("lets go off teh ap", True),
        ("lets tlak of the ap", True),
        ("clal me on my own pohne", True),
        ("can we tlak of the vet", False),
        ("my privat fone is on the frige", True),
        ("ask for my persnal numbr", True),
        ("the trough and the manger are full", False),
        ("though the manager is out, Gail is in the cellar", False),
    ],
)
def test_slips_of_the_pen_are_read_as_meant(slip: str, is_leak: bool) -> None:
    assert judge(slip).is_leak is is_leak
