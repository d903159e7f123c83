"""What is to be known, one question each: a flag answers it, a person, or its default."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from relay import values
from relay.errors import ConfigError
from relay.init.answers import Answers, Certificate, Under, checked
from relay.setting import flag

Check = Callable[[str], object]
"""Raises ``ValueError`` or :class:`ConfigError` when an answer will not do."""
Ask = Callable[[str, str, Check], str]
"""Asks a person until the answer will do: the question, what stands for no answer, the check."""

OWN = "own"
"""Said of public addresses: those that the machine itself has."""
_YES_OR_NO = {"yes": True, "y": True, "no": False, "n": False}


@dataclass(frozen=True, slots=True)
class Here:
    """What this machine knows."""

    own: Collection[IPv4Address | IPv6Address]
    """Its addresses."""
    addresses_of: Callable[[str], list[str]]
    """Those to which a name leads; none when it leads nowhere."""
    is_file: Callable[[str], bool]
    """Whether there is such a file."""

    @property
    def public(self) -> list[str]:
        """Those of its addresses that are public."""
        return [str(each) for each in self.own if each.is_global]


class Questions:
    """Asks for one thing after the other.

    :param given: what the command line has, by the flags' names.
    :param former: what was answered the last time; the same.
    :param ask: None where nobody is to be asked: then a flag or a default has to be there.
    """

    def __init__(
        self, given: Mapping[str, str], former: Mapping[str, str], ask: Ask | None
    ) -> None:
        self._given = given
        changed = {"tls_key"} if "tls_cert" in given else set()  # another one's key will not do
        self._former = {name: former[name] for name in former.keys() - changed}
        self._ask = ask

    def text(self, name: str, question: str, check: Check, usual: str = "", hint: str = "") -> str:
        """One answer.

        :param usual: stands for no answer, when there was none before; empty for none.
        :param hint: how else the question could be answered, for who is told that it has to be.
        :raises ConfigError: when the flag is wrong, or nobody answers.
        """
        if (given := self._given.get(name)) is not None:
            _check(flag(name), check, given)
            return given
        usual = self._former.get(name, usual)
        if self._ask is not None:
            return self._ask(question, usual, check)
        if not usual:
            raise ConfigError(f"{flag(name)}: has to be given{hint}, since nobody can be asked")
        _check(flag(name), check, usual)
        return usual

    def refuse(self, names: Collection[str], other: str) -> None:
        """Take no flags that contradict another one.

        :raises ConfigError: when one was given.
        """
        for name in names:
            if name in self._given:
                raise ConfigError(f"{flag(name)}: cannot be used with {other}")


def _check(name: str, check: Check, value: str) -> None:
    try:
        check(value)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}, not {value!r}") from None


def answers(
    given: Mapping[str, str], former: Mapping[str, str], here: Here, ask: Ask | None
) -> Answers:
    """All answers.

    :param given: as of :class:`Questions`; ``under`` is known, since it says which files to read.
    :raises ConfigError: in one line that names a flag.
    """
    questions = Questions(given, former, ask)
    under = Under(given["under"])
    domain = questions.text("domain", "Domain of the page", _domain)
    public_ip = _public_ip(questions, under, domain, here)
    certificate, cert, key = _certificate(questions, domain, here)
    blurred = questions.text(
        "start_blurred",
        "Blur each new partner until both press Show (yes or no)",
        _yes_or_no,
        usual="no",
    )
    count = questions.text(
        "ban_after_reporters",
        "So many users who report the same one within a day have it banned (0: never)",
        lambda value: checked(ban_after_reporters=value),
        usual="3",
    )
    return Answers(
        under,
        values.host(domain),
        public_ip,
        certificate,
        cert,
        key,
        start_blurred=_yes_or_no(blurred),
        ban_after_reporters=int(count),
    )


def _public_ip(questions: Questions, under: Under, domain: str, here: Here) -> tuple[str, ...]:
    """A container does not have the machine's addresses, so it has to be told them."""
    public = here.public
    may_be_own = under is Under.SYSTEMD and bool(public)
    if may_be_own:
        usual, hint = OWN, f" ({OWN}: what this machine has, {', '.join(public)})"
    else:
        usual, hint = ", ".join(public or here.addresses_of(domain)), ""
    told = questions.text(
        "public_ip",
        f"Addresses at which browsers reach this machine{hint}",
        lambda value: _addresses(value, may_be_own=may_be_own),
        usual,
    )
    return () if told == OWN else tuple(checked(public_ip=told).public_ip)


def _addresses(value: str, *, may_be_own: bool) -> None:
    if value == OWN:
        if not may_be_own:
            raise ValueError("should be addresses: this machine has no public one that would do")
    elif not checked(public_ip=value).public_ip:
        raise ValueError("should be one address at least")


def _certificate(questions: Questions, domain: str, here: Here) -> tuple[Certificate, str, str]:
    folder = f"/etc/letsencrypt/live/{domain}"
    kind = questions.text(
        "certificate",
        "Certificate (files, self-signed for a trial, proxy when one here ends TLS)",
        _kind,
        usual=Certificate.FILES if here.is_file(f"{folder}/fullchain.pem") else "",
        hint=f" as {', '.join(Certificate)}, or --tls-cert",
    )
    if kind != Certificate.FILES:
        questions.refuse(("tls_cert", "tls_key"), f"--certificate {kind}")
        return Certificate(kind), "", ""
    cert = questions.text(
        "tls_cert", "Certificate, with those above it, in PEM", _path, f"{folder}/fullchain.pem"
    )
    folder, _, name = cert.rpartition("/")
    usual = f"{folder}/privkey.pem" if name == "fullchain.pem" else ""
    key = questions.text("tls_key", "Its key", _path, usual)
    return Certificate.FILES, cert, key


def _domain(value: str) -> None:
    """One for which a certificate is given: without what DNS has for other things than hosts."""
    try:
        name = values.host(value)
    except ValueError:
        name = ""
    if name in ("", "*") or "_" in name:
        raise ValueError("should be a host name such as chat.example.org, without a port")


def _kind(value: str) -> None:
    if value not in list(Certificate):
        raise ValueError(f"should be one of {', '.join(Certificate)}")


def _path(value: str) -> None:
    """What the server is to find from its own folder."""
    if not value.startswith("/") or not value.isprintable():
        raise ValueError("should be the whole path of a file, such as /etc/relay/fullchain.pem")


def _yes_or_no(value: str) -> bool:
    if value.lower() not in _YES_OR_NO:
        raise ValueError("should be yes or no")
    return _YES_OR_NO[value.lower()]
