"""An HTTP guest in Python: "/" answers, "/echo" tells the method and the path."""

from componentize_py_types import Ok
from wit_world import exports
from wit_world.imports.types import (
    Fields,
    IncomingRequest,
    Method,
    Method_Other,
    OutgoingBody,
    OutgoingResponse,
    ResponseOutparam,
)


class IncomingHandler(exports.IncomingHandler):
    """The one class that the world's export asks for."""

    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        path = (request.path_with_query() or "/").split("?")[0]
        if path == "/":
            reply(response_out, 200, "hello from python\n")
        elif path == "/echo":
            reply(response_out, 200, f"{name(request.method())} {path}\n")
        else:
            reply(response_out, 404, "not found\n")


def name(method: Method) -> str:
    """The method as HTTP writes it."""
    if isinstance(method, Method_Other):
        return method.value
    return type(method).__name__.removeprefix("Method_").upper()


def reply(out: ResponseOutparam, status: int, text: str) -> None:
    """Answers with a short text."""
    response = OutgoingResponse(Fields.from_list([("content-type", b"text/plain")]))
    response.set_status_code(status)
    body = response.body()
    ResponseOutparam.set(out, Ok(response))
    with body.write() as stream:
        stream.blocking_write_and_flush(text.encode())
    OutgoingBody.finish(body, None)
