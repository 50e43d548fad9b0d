"""The HTTP API and Lambda's Invoke API on this machine, in front of the real handlers."""

import json
import logging
import traceback
from typing import Any
from urllib.parse import unquote

from local.api_gateway import HttpAnswer, HttpRequest, RouteTable, answer_for, event_for, json_answer
from local.lambdas import Lambdas
from switchboard import runtime

logger = logging.getLogger("local.gateway")
_INVOKE = "/2015-03-31/functions/"


class Gateway:
    """Answers requests as API Gateway does: the route's function, or API Gateway's own refusals."""

    def __init__(self, lambdas: Lambdas, *, owner_token: str | None = None, owner_claims: dict[str, str] | None = None):
        self._lambdas = lambdas
        self._routes = RouteTable(lambdas.functions.values())
        self._owner_token = owner_token
        self._owner_claims = owner_claims or {}

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        arrived_at = runtime.now()
        target = self._routes.find(request.method, request.path)
        if target is None:
            return json_answer(404, {"message": "Not Found"})
        claims = None
        if not target.open_to_all:
            if not self._is_owner(request):
                return json_answer(401, {"message": "Unauthorized"})
            claims = self._owner_claims
        event = event_for(request, target, now=arrived_at, claims=claims)
        try:
            return answer_for(self._lambdas.invoke(target.function.name, event))
        except Exception as error:  # noqa: BLE001  whatever a handler raises, API Gateway answers 500
            log_unhandled(target.function.name, error)
            return json_answer(500, {"message": "Internal Server Error"})

    def _is_owner(self, request: HttpRequest) -> bool:
        given = next((value for name, value in request.headers if name.lower() == "authorization"), "")
        scheme, _, token = given.partition(" ")
        return scheme.lower() == "bearer" and token == self._owner_token


class InvokeApi:
    """Lambda's Invoke API, which Step Functions and `aws lambda invoke` speak."""

    def __init__(self, lambdas: Lambdas) -> None:
        self._lambdas = lambdas

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        reference, _, rest = request.path.removeprefix(_INVOKE).partition("/")
        name = unquote(reference).rsplit(":", 1)[-1]
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
