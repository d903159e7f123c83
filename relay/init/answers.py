"""What an operator has answered, and the settings that this comes to. Decisions only."""

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum

from relay.config import Settings, load
from relay.errors import ConfigError

NOWHERE = "/dev/null"
"""The settings' file of who has none."""


class Under(StrEnum):
    """Who starts the server."""

    SYSTEMD = "systemd"
    COMPOSE = "compose"


class Certificate(StrEnum):
    """Where the page's certificate comes from."""

    FILES = "files"
    SELF_SIGNED = "self-signed"
    PROXY = "proxy"
    """A reverse proxy on this machine has it, and ends TLS."""


PLACE = {Under.SYSTEMD: "/etc/relay", Under.COMPOSE: "/etc/relay/certificate"}
"""Where the server's user finds the certificate on this machine."""
PROXIES = {
    Under.SYSTEMD: ["127.0.0.1", "::1"],
    Under.COMPOSE: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"],
}
"""From where a proxy on this machine comes; to a container it is a bridge's private address."""

FOLDERS = {
    "data_dir": "/var/lib/relay",
    "audit_log": "/var/lib/relay/audit.jsonl",
    "runtime_dir": "/run/relay",
}
"""Those that systemd makes for the service; so commands that it has not started find them, too."""


@dataclass(frozen=True, slots=True)
class Answers:
    """All that ``relay init`` asks."""

    under: Under
    domain: str
    public_ip: tuple[str, ...]
    """Addresses or names; none for those that the machine itself has."""
    certificate: Certificate
    tls_cert: str = ""
    """Where the certificate is now, and ``tls_key`` its key; empty where there are no files."""
    tls_key: str = ""
    start_blurred: bool = False
    ban_after_reporters: int = 3

    @property
    def port(self) -> int:
        """The page's, on this machine."""
        return 8080 if self.certificate is Certificate.PROXY else 443

    @property
    def installed(self) -> tuple[str, str]:
        """Where certificate and key have to be for the server's user."""
        place = PLACE[self.under]
        if self.under is Under.SYSTEMD and self.tls_cert.startswith(f"{place}/"):
            return self.tls_cert, self.tls_key
        return f"{place}/fullchain.pem", f"{place}/privkey.pem"

    @property
    def is_to_be_installed(self) -> bool:
        """Whether the certificate is somewhere else yet."""
        has_files = self.certificate is Certificate.FILES
        return has_files and self.installed != (self.tls_cert, self.tls_key)


def settings_of(answers: Answers) -> dict[str, object]:
    """What goes into ``relay.toml``, by the settings' names.

    A container's ports and certificate are set by its variables, since the engine maps them.
    """
    in_container = answers.under is Under.COMPOSE
    # Prometheus asks the container by the name that it has among the others.
    found: dict[str, object] = {
        "allowed_hosts": [answers.domain, *(["relay"] if in_container else [])]
    }
    if answers.public_ip and not in_container:
        found["public_ip"] = list(answers.public_ip)
    if not in_container:
        found |= {"port": answers.port, "udp_port": 7882, **FOLDERS}
    match answers.certificate:
        case Certificate.FILES if not in_container:
            found["tls_cert"], found["tls_key"] = answers.installed
        case Certificate.SELF_SIGNED:
            found["tls_self_signed"] = True
        case Certificate.PROXY:
            found["trusted_proxies"] = PROXIES[answers.under]
            found["tcp_port"] = 7443
    found["ban_after_reporters"] = answers.ban_after_reporters
    found["start_blurred"] = answers.start_blurred
    return found


def checked(**flags: str | bool) -> Settings:
    """The settings with these values alone.

    :raises ConfigError: when one is wrong, in one line that names it as a flag.
    """
    return load(flags, {}, config=NOWHERE)


def former(toml: str, env: str) -> dict[str, str]:
    """What was answered the last time, by the flags' names, as far as the files tell.

    :param toml: ``relay.toml``; empty when there is none.
    :param env: the file with the variables; the same.
    :raises ConfigError: when ``toml`` is none.
    """
    try:
        settings = tomllib.loads(toml)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"relay.toml: is not valid TOML: {error}") from None
    variables = dict(re.findall(r"^(RELAY_\w+)=(.+)$", env, re.MULTILINE))
    found: dict[str, str] = {}
    match settings.get("allowed_hosts"):
        case [str(domain), *_]:
            found["domain"] = domain
    match settings.get("public_ip"):
        case [*addresses]:
            found["public_ip"] = ", ".join(map(str, addresses))
    if told := variables.get("RELAY_PUBLIC_IP"):
        found["public_ip"] = told
    if settings.get("tls_self_signed") is True:
        found["certificate"] = Certificate.SELF_SIGNED
    elif "trusted_proxies" in settings:
        found["certificate"] = Certificate.PROXY
    elif "tls_cert" in settings and "tls_key" in settings:
        found["certificate"] = Certificate.FILES
        found |= {name: str(settings[name]) for name in ("tls_cert", "tls_key")}
    elif folder := variables.get("RELAY_CERTIFICATE"):
        found["certificate"] = Certificate.FILES
        found |= {"tls_cert": f"{folder}/fullchain.pem", "tls_key": f"{folder}/privkey.pem"}
    if isinstance(blurred := settings.get("start_blurred"), bool):
        found["start_blurred"] = "yes" if blurred else "no"
    if isinstance(count := settings.get("ban_after_reporters"), int):
        found["ban_after_reporters"] = str(count)
    return found


def token_in(env: str) -> str | None:
    """The operator's token of the last time."""
    found = re.search(r"^RELAY_OPERATOR_TOKEN=(\S+)$", env, re.MULTILINE)
    return found[1] if found else None
