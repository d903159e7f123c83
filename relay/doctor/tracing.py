"""Whether traces of meetings can be sent, where the environment names a collector."""

from collections.abc import Iterator, Mapping

from relay.doctor.findings import Finding, bad, fair, good
from relay.errors import ConfigError
from relay.traces import answer

_SUBJECT = "traces"
_REFUSED = ("HTTP 401", "HTTP 403")


def check(environ: Mapping[str, str]) -> Iterator[Finding]:
    """Ask the collector; nothing where there is none.

    :param environ: this process's environment.
    """
    try:
        answered = answer(environ)
    except ConfigError as error:
        yield bad(_SUBJECT, str(error), "correct it: 'relay serve' does not start like this")
        return
    if answered is not None:
        yield grade(*answered)


def grade(name: str, said: str) -> Finding:
    """Judge what the collector has said.

    :param name: the variable that names it.
    :param said: ``HTTP 200``, or what else came of asking.
    """
    if said.startswith("HTTP 2"):
        return good(_SUBJECT, f"the collector of {name} takes them")
    text = f"the collector of {name} does not take them: {said}; calls go on without"
    return fair(_SUBJECT, text, _advice(name, said))


def _advice(name: str, said: str) -> str:
    if said in _REFUSED:
        return "give its token: OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20...'"
    if said == "SSLError":
        return "name its authority: OTEL_EXPORTER_OTLP_CERTIFICATE=/path/to/ca.pem"
    if said.startswith("HTTP"):
        return f"let {name} lead to where it takes OTLP over HTTP, such as http://127.0.0.1:4318"
    return f"start the collector, or correct {name}: 'curl -i' to the address shows the same"
