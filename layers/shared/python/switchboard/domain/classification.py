"""Whether a client is recurring or one-time, from explicit signals only; the number of bookings never decides."""


def is_one_time(*, says_recurring: bool, has_weekly_plan: bool, owner_override: bool | None) -> bool:
    """One-time unless the booking, a weekly plan or the owner says recurring; the owner's false wins over everything.

    For a thread without a booking, `says_recurring` and `has_weekly_plan` are any of the client's bookings'.
    """
    if owner_override is not None:
        return not owner_override
    return not (says_recurring or has_weekly_plan)
