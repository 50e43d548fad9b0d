"""The owner's inbox: its page, which is everybody's, and its API, whose tokens API Gateway has checked."""

from switchboard import runtime
from switchboard.inbox import Using, answer
from switchboard.inbox_page import SignIn
from switchboard.web import Request, Response, answering


@answering()
def lambda_handler(request: Request) -> Response:
    """The page's files; JSON for what the token's organisation may see and do."""
    settings = runtime.settings()
    sign_in = SignIn(settings.oidc_client_id, settings.oidc_sign_in_url, settings.oidc_exchange_url)
    return answer(request, using=_using, sign_in=sign_in)


def _using() -> Using:
    return Using(database=runtime.database(), queue=runtime.send_queue(), now=runtime.now(), new_id=runtime.new_id)
