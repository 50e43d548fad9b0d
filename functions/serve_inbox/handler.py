"""The owner's inbox: its API. API Gateway has checked the token."""

from switchboard import runtime
from switchboard.inbox import Using, answer_call
from switchboard.web import Request, Response, answering


@answering()
def lambda_handler(request: Request) -> Response:
    """JSON for what the token's organisation may see and do."""
    using = Using(database=runtime.database(), queue=runtime.send_queue(), now=runtime.now(), new_id=runtime.new_id)
    return answer_call(request, using=using)
