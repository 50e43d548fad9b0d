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


@pytest.mark.parametrize(
    ("slip", "is_leak"),
    [
        ("lets go off teh ap", True),
        ("my privat fone is on the frige", True),
        ("ask for my persnal numbr", True),
        ("the trough and the manger are full", False),
        ("though the manager is out, Gail is in the cellar", False),
    ],
)
def test_slips_of_the_pen_are_read_as_meant(slip: str, is_leak: bool) -> None:
    assert judge(slip).is_leak is is_leak
