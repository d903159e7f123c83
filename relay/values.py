"""What a setting's value may be: read from text, checked, and said in words when it is wrong."""

import base64
import json
import os
import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

MIN_TOKEN_CHARS = 16

Network = IPv4Network | IPv6Network

_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # b64token, RFC 6750 section 2.1
_AUTHORITY = r"([\w.-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>\d{1,5}))?"
_STUN_URL = re.compile(rf"stuns?:{_AUTHORITY}")  # RFC 7064 section 3.1
_TURN_URL = re.compile(rf"turns?:{_AUTHORITY}(\?transport=(udp|tcp))?")  # RFC 7065 section 3.1
_LABEL = r"(?!-)[\w-]+(?<!-)"  # RFC 1123 section 2.1, and what some have in place of letters
_HOST = re.compile(rf"{_LABEL}(\.{_LABEL})*\.?")
_MAX_HOST = 254  # RFC 1035 section 2.3.4, with a dot at the end
_DATABASE = re.compile(
    r"(postgres|postgresql|postgresql\+psycopg)://(?P<rest>[^\s/]*/[^\s/?]+(\?\S*)?)"
)
_WEBHOOK = re.compile(
    r"(?P<scheme>https?)://(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[!-~]*)?"
)
_STORE = re.compile(  # as redis-py reads them
    r"rediss?://([^\s/@]*@)?([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/\d{0,3})?(\?\S*)?"
    r"|unix://([^\s/@]*@)?/\S+"
)
_PATH = re.compile(r"/([A-Za-z0-9._~-]+/)*")  # what RFC 3986 section 2.3 calls unreserved
_NODE = re.compile(r"[a-z0-9-]{1,32}")
_ORIGIN = re.compile(rf"https?://{_AUTHORITY}")  # RFC 6454 section 6.2


def listed(value: object) -> object:
    """A list from a flag or the environment: JSON, or separated by commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError as error:
            raise ValueError(f"is not valid JSON ({error})") from None
        except RecursionError:
            raise ValueError("is not valid JSON (one list in another too often)") from None
    return [item.strip() for item in value.split(",") if item.strip()]


def address(value: str) -> str:
    """An IP address."""
    try:
        return str(ip_address(value))
    except ValueError:
        raise ValueError("should be an IP address such as 192.0.2.7") from None


def network(value: object) -> Network:
    """A network, or one address."""
    try:
        return ip_network(str(value))
    except ValueError as error:
        if "has host bits set" in str(error):
            first = ip_network(str(value), strict=False)
            raise ValueError(f"should be a network such as {first}, or one address") from None
        raise ValueError("should be an IP address or a network such as 192.0.2.0/24") from None


def workers(value: object) -> object:
    """A number of processes, or as many as there are cores."""
    return usable_cores() if value == "auto" else value


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def announced(value: str) -> str:
    """An address that browsers are told, or a host name that has it."""
    if _HOST.fullmatch(value) and not value.rstrip(".").rpartition(".")[2].isdigit():
        return value
    try:
        found = ip_address(value)
    except ValueError:
        raise ValueError("should be an IP address such as 192.0.2.7 or a host name") from None
    found = (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    is_nowhere = found.is_unspecified or found.is_multicast or found.is_link_local
    if is_nowhere or (found.is_reserved and not found.is_loopback):
        raise ValueError("should be an address that browsers can reach")
    return str(found)


def _is_url(value: str, *forms: re.Pattern[str]) -> bool:
    found = next((match for form in forms if (match := form.fullmatch(value))), None)
    return found is not None and int(found["port"] or 1) in range(1, 65536)


def origin(value: str) -> str:
    """A web origin (RFC 6454), or all of them."""
    if value != "*" and not _is_url(value, _ORIGIN):
        raise ValueError("should be * or an origin such as https://chat.example.org")
    return value.lower()


def host(value: str) -> str:
    """A host's name or address, as it stands in ``Host``: ``xn--`` for what is not ASCII."""
    try:
        name = value.encode("idna").decode()  # RFC 3490 section 4; no label over 63 characters
    except UnicodeError:
        name = ""
    if value != "*" and not (_HOST.fullmatch(value) and 0 < len(name) <= _MAX_HOST):
        raise ValueError("should be * or a host name such as chat.example.org, without a port")
    return name.lower().removesuffix(".")


def base_path(value: str) -> str:
    """A path that a browser sends as it is; with a slash at both ends."""
    path = f"/{value.strip('/')}/" if value.strip("/") else "/"
    parts = path.strip("/").split("/")
    if not _PATH.fullmatch(path) or {".", ".."} & set(parts):
        raise ValueError("should be a path such as /chat/, of letters, digits and . _ ~ -")
    return path


def _ice_url(value: str) -> str:
    if not _is_url(value, _STUN_URL, _TURN_URL):
        raise ValueError(
            "should be a stun:, turn: or turns: URL such as stun:stun.example.org:3478"
        )
    return value


def token(value: SecretStr) -> SecretStr:
    """A secret that fits into ``Authorization: Bearer`` (RFC 6750)."""
    text = value.get_secret_value()
    if len(text) < MIN_TOKEN_CHARS or not _TOKEN.fullmatch(text):
        raise ValueError(
            f"should be at least {MIN_TOKEN_CHARS} characters: letters, digits and . _ ~ + / - ="
        )
    return value


def database(value: SecretStr) -> SecretStr:
    """Where a PostgreSQL server is, and who asks: it may have a password in it."""
    found = _DATABASE.fullmatch(value.get_secret_value())
    if found is None:
        raise ValueError("should be a URL such as postgresql://relay@db.example.org/relay")
    return SecretStr(f"postgresql+psycopg://{found['rest']}")


def store(value: SecretStr) -> SecretStr:
    """Where a Redis server is, and who asks: it may have a password in it."""
    url = value.get_secret_value()
    try:
        is_one = _STORE.fullmatch(url) is not None and urlsplit(url).port != 0
    except ValueError:  # the port is too great
        is_one = False
    if not is_one:
        raise ValueError("should be a URL such as redis://redis.example.org:6379/0")
    return value


def cluster_secret(value: SecretStr) -> SecretStr:
    """Nobody may guess it: whoever has it is one of the cluster."""
    if len(value.get_secret_value()) < MIN_TOKEN_CHARS:
        raise ValueError(
            f"should be at least {MIN_TOKEN_CHARS} characters; openssl rand -hex 32 makes some"
        )
    return value


def reached(value: str) -> str:
    """An address of this machine, at which others reach it."""
    found = ip_address(address(value))
    if found.is_unspecified or found.is_multicast:
        raise ValueError("should be an address that other machines can reach")
    return str(found)


def node_name(value: str) -> str:
    """A name for one server of several; it stands in tokens before a dot."""
    if not _NODE.fullmatch(value):
        raise ValueError("should be up to 32 of a-z, 0-9 and -")
    return value


def webhook(value: SecretStr) -> SecretStr:
    """Where events go: in the clear to this machine and its neighbours alone."""
    found = _WEBHOOK.fullmatch(value.get_secret_value())
    if found is None:
        raise ValueError("should be a URL such as https://example.org/hooks/relay")
    if found["scheme"] == "http" and not _is_near(found["host"].strip("[]")):
        raise ValueError("should begin with https://, unless it is on a private network")
    return value


def webhook_secret(value: SecretStr) -> SecretStr:
    """As Standard Webhooks write it."""
    prefix, _, encoded = value.get_secret_value().partition("_")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if prefix != "whsec" or not 24 <= len(key) <= 64:
        raise ValueError("should be whsec_ and 24 to 64 bytes in base64; openssl rand makes some")
    return value


def _is_near(host: str) -> bool:
    try:
        return ip_address(host).is_private
    except ValueError:
        return host == "localhost"


class IceServer(BaseModel):
    """An RTCIceServer, passed on to the browsers."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    urls: Annotated[
        list[Annotated[str, AfterValidator(_ice_url)]],
        BeforeValidator(lambda urls: [urls] if isinstance(urls, str) else urls),
        Field(min_length=1),
    ]
    username: str | None = None
    credential: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_url(cls, value: Any) -> Any:
        return {"urls": [value]} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _credentials_are_whole(self) -> Self:
        if bool(self.username) != bool(self.credential):
            raise ValueError("should have a username and a credential, or neither")
        return self

    @property
    def lacks_credentials(self) -> bool:
        """Whether it names a TURN server, which needs some, and has none."""
        return not self.username and any(url.startswith("turn") for url in self.urls)
