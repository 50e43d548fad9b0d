"""The HTTP API and Lambda's Invoke API on this machine, in front of the real handlers."""

import json
import logging
import traceback
from typing import Any
from urllib.parse import unquote

from local.api_gateway import HttpAnswer, HttpRequest, RouteTable, answer_for, event_for, json_answer
from local.issuer import read_token
from local.lambdas import INVOKE_PATH, Lambdas
from local.sign_in import SignIn
from switchboard import runtime

logger = logging.getLogger("local.gateway")
_DEPLOYED = "switchboard-local-"
# API Gateway says the message only; the rest is how the owner API says it.
UNAUTHORIZED = {"message": "Unauthorized", "error": "unauthorized", "detail": "the token is missing, wrong or expired"}


class Gateway:
    """Answers requests as API Gateway does: the route's function, or API Gateway's own refusals."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas
        self._routes = RouteTable(lambdas.functions.values())
        self._sign_in = SignIn()

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        arrived_at = runtime.now()
        if answer := self._sign_in.answer(request):
            return answer
        target = self._routes.find(request.method, request.path)
        if target is None:
            return json_answer(404, {"message": "Not Found"})
        claims = None
        if not target.open_to_all:
            claims = read_token(_bearer(request), now=arrived_at)
            if claims is None:
                return json_answer(401, UNAUTHORIZED)
        event = event_for(request, target, now=arrived_at, claims=claims)
        try:
            return answer_for(self._lambdas.invoke(target.function.name, event))
        except Exception as error:  # noqa: BLE001  whatever a handler raises, API Gateway answers 500
            log_unhandled(target.function.name, error)
            return json_answer(500, {"message": "Internal Server Error"})


def _bearer(request: HttpRequest) -> str:
    """The token in the authorization header, which API Gateway takes with and without its scheme."""
    given = next((value for name, value in request.headers if name.lower() == "authorization"), "")
    scheme, _, token = given.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else given


class InvokeApi:
    """Lambda's Invoke API, which Step Functions and `aws lambda invoke` speak; deployed names are understood too."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        reference, _, rest = request.path.removeprefix(INVOKE_PATH).partition("/")
        name = unquote(reference).rsplit(":", 1)[-1].removeprefix(_DEPLOYED).replace("-", "_")
        if request.method != "POST" or rest != "invocations" or name not in self._lambdas.functions:
            return json_answer(404, {"Type": "User", "Message": f"Function not found: {name}"})
        event: dict[str, Any] = json.loads(request.body or b"{}")
        try:
            return json_answer(200, self._lambdas.invoke(name, event))
        except Exception as error:  # noqa: BLE001  as Lambda: the invocation succeeded, the function failed
            log_unhandled(name, error)
            answer = json_answer(200, describe(error))
            return HttpAnswer(200, [*answer.headers, ("x-amz-function-error", "Unhandled")], answer.body)


def describe(error: Exception) -> dict[str, Any]:
    """What Lambda's Python runtime answers for an unhandled error."""
    trace = traceback.format_tb(error.__traceback__)[-3:]
    return {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": trace}


def log_unhandled(function: str, error: Exception) -> None:
    """Says where a handler failed, without the message: it may hold what somebody wrote."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    logger.error("%s failed: %s at %s:%s", function, type(error).__name__, frame.filename, frame.lineno)
