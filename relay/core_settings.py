"""The settings that every server has: where it listens, its media, its page and its log."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, PrivateAttr, SecretStr, model_validator

from relay import values
from relay.errors import ConfigError
from relay.setting import Part, flag, setting

MAX_PORT = 65535


class CoreSettings(Part):
    """All but those about strangers and about clusters, which have modules of their own."""

    host: Annotated[str, AfterValidator(values.address)] = setting(
        "::",
        "ADDRESS",
        "IP address to listen on, for HTTP and for media; :: is every one, IPv4 and IPv6, and"
        " 0.0.0.0 every IPv4 one.",
    )
    port: int = setting(
        8080,
        "PORT",
        "TCP port of the page, the WebSocket and the API; 0 for any free one.",
        ge=0,
        le=65535,
    )
    udp_port: int = setting(
        7882,
        "PORT",
        "UDP port that carries all media, the first of as many as there are workers; 0 for any"
        " free ones.",
        ge=0,
        le=65535,
    )
    workers: Annotated[int, BeforeValidator(values.workers)] = setting(
        1,
        "COUNT",
        "Processes that carry media, with a UDP port each; 'auto' for as many as there are cores,"
        " 0 to do it in the server's own process.",
        ge=0,
        le=64,
    )
    runtime_dir: Path | None = setting(
        None,
        "FOLDER",
        "Where the media processes have their sockets, for nobody else; by default one that is"
        " named for the UDP port, in $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR or the temporary folder.",
    )
    base_path: Annotated[str, AfterValidator(values.base_path)] = setting(
        "/",
        "PATH",
        "Where the page is on its host, such as /chat/, for servers behind a reverse proxy that"
        " has other pages, too; the WebSocket, the API and the dashboard are below it.",
    )
    tls_self_signed: bool = setting(
        False,
        "",
        "Serve HTTPS with a certificate made for this run, about which browsers warn.",
    )
    tls_cert: Path | None = setting(
        None,
        "FILE",
        "Serve HTTPS with this certificate, in PEM, followed by those that lead to its root.",
    )
    tls_key: Path | None = setting(
        None, "FILE", "The certificate's private key, in PEM and not encrypted."
    )
    public_ip: Annotated[
        tuple[Annotated[str, AfterValidator(values.announced)], ...],
        BeforeValidator(values.listed),
    ] = setting(
        (),
        "LIST",
        "Addresses, or host names that are looked up at the start, announced to browsers for"
        " media, when they are not those bound; separated by commas, best first.",
    )
    public_udp_port: int = setting(
        0,
        "PORT",
        "UDP port announced to browsers, the first of as many as there are workers, when it is not"
        " the one bound.",
        ge=0,
        le=65535,
    )
    tcp_media: bool = setting(
        True,
        "",
        "Carry media over TCP where UDP does not get through: ICE-TCP, and TURN to this server"
        " alone, over TLS where there is a certificate.",
    )
    tcp_port: int | None = setting(
        None,
        "PORT",
        "TCP port for media alone, for servers behind a reverse proxy; without it media shares the"
        " page's port.",
        ge=1,
        le=65535,
    )
    public_tcp_port: int | None = setting(
        None,
        "PORT",
        "TCP port announced to browsers for media, where a NAT maps it to the one bound.",
        ge=1,
        le=65535,
    )
    turn_secret: SecretStr | None = setting(
        None,
        "SECRET",
        "Secret shared with TURN servers: those in ice_servers without a username are given one for"
        " each user, good for a day.",
        min_length=1,
    )
    media_mode: Literal["relay", "direct"] = setting(
        "relay",
        "MODE",
        "Who carries the media: 'relay' (this server) or 'direct' (the two browsers).",
    )
    ice_servers: Annotated[tuple[values.IceServer, ...], BeforeValidator(values.listed)] = setting(
        (),
        "LIST",
        "STUN and TURN servers for the browsers: URLs separated by commas, or a JSON list of"
        " RTCIceServer objects.",
    )
    trusted_proxies: Annotated[
        tuple[Annotated[values.Network, BeforeValidator(values.network)], ...],
        BeforeValidator(values.listed),
    ] = setting(
        (),
        "LIST",
        "Addresses or networks of reverse proxies, separated by commas: what these tell of their"
        " clients in X-Forwarded-For or Forwarded is believed, and what others tell is not.",
    )
    allowed_origins: Annotated[
        tuple[Annotated[str, AfterValidator(values.origin)], ...], BeforeValidator(values.listed)
    ] = setting(
        (),
        "LIST",
        "Other web origins whose pages may open the WebSocket, separated by commas; * allows all."
        " The server's own page always may.",
    )
    allowed_hosts: Annotated[
        tuple[Annotated[str, AfterValidator(values.host)], ...], BeforeValidator(values.listed)
    ] = setting(
        (),
        "LIST",
        "Names by which the server is asked for, separated by commas; * allows all. Requests for"
        " any other name but this machine's are then refused. Without it only pages are that came"
        " over plain HTTP by another name.",
    )
    operator_token: Annotated[SecretStr, AfterValidator(values.token)] | None = setting(
        None,
        "TOKEN",
        "Secret of the operator's endpoints, at least 16 characters; made and printed at start-up"
        " when not given.",
    )
    max_users: int = setting(
        10_000, "COUNT", "Users connected at once; the next one is turned away with 503.", ge=1
    )
    connections_per_source: int = setting(
        256,
        "COUNT",
        "TCP connections at once from one public address (of IPv6: from one /64); those from"
        " loopback and private addresses, where proxies stand, are bounded only in all.",
        ge=1,
    )
    rematch_after_s: float = setting(
        5.0,
        "SECONDS",
        "How long two users who have parted are kept apart; 0 to allow it at once.",
        ge=0,
        le=86_400,
        allow_inf_nan=False,
    )
    interest_wait_s: float = setting(
        5.0,
        "SECONDS",
        "How long a user with interests waits for one who shares some; 0 to take anybody at once.",
        ge=0,
        le=3600,
        allow_inf_nan=False,
    )
    link_timeout_s: float = setting(
        10.0,
        "SECONDS",
        "How long a user's media connection may take to come up.",
        gt=0,
        le=3600,
        allow_inf_nan=False,
    )
    resume_s: float = setting(
        30.0,
        "SECONDS",
        "How long a user whose WebSocket is lost is waited for, its partner and media kept; 0 to"
        " wait for nobody.",
        ge=0,
        le=600,
        allow_inf_nan=False,
    )
    drain_s: float = setting(
        0.0,
        "SECONDS",
        "After SIGTERM, how long calls may go on while users move to other servers; then those who"
        " are left have 10 s for it, and the server ends. 0 ends it at once.",
        ge=0,
        le=86_400,
        allow_inf_nan=False,
    )
    messages_per_s: float = setting(
        50.0,
        "RATE",
        "Messages a second that a user may send in the long run.",
        gt=0,
        le=1e6,
        allow_inf_nan=False,
    )
    operator_sees_addresses: bool = setting(
        False,
        "",
        "Tell operators the users' IP addresses; else only whether they are IPv4 or IPv6.",
    )
    poll_idle: bool = setting(
        False,
        "",
        "Keep the machine's idle cores awake while there are calls: less CPU and delay a packet,"
        " more power used (needs Linux and write access to /dev/cpu_dma_latency).",
    )
    allow_taps: bool = setting(
        False,
        "",
        "Let operators look into calls: snapshots, recordings, captures of packets.",
    )
    audit_log: Path = setting(
        Path("audit.jsonl"),
        "FILE",
        "Where each look into a call is written down, a line of JSON each.",
    )
    metrics_public: bool = setting(False, "", "Answer /metrics without the operator's token.")
    log_json: bool = setting(False, "", "Write log events as JSON, one a line.")
    welcome_file: Path | None = setting(
        None,
        "FILE",
        "Text with the rules that the page shows first, instead of its own: plain text in UTF-8,"
        " at most 16 kB.",
    )
    log_file: Path | None = setting(
        None,
        "FILE",
        "Where log events go, instead of to stderr; when it is moved away, as by logrotate, it is"
        " made anew.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "info", "LEVEL", "Least severe log level: debug, info, warning or error."
    )

    _written: dict[str, str] = PrivateAttr(default_factory=dict)

    def model_post_init(self, context: dict[str, str] | None, /) -> None:
        """Keep the names as the user wrote them, for errors that come up later."""
        self._written = context or {}

    @model_validator(mode="after")
    def _files_have_names(self) -> Self:
        """What no system takes as a file's name would be found out much later."""
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Path) and not str(value).isprintable():
                raise ConfigError(f"{self.written(name)}: should be the name of a file")
        return self

    @model_validator(mode="after")
    def _ports_are_there(self) -> Self:
        """Each worker has a port of its own, here and where users reach it."""
        for name in ("udp_port", "public_udp_port"):
            self.require_ports(name)
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        """A certificate comes with its key, and from one place."""
        cert, key = self.tls_cert is not None, self.tls_key is not None
        if cert != key:
            given, missing = ("tls_cert", "tls_key") if cert else ("tls_key", "tls_cert")
            raise ConfigError(f"{self.written(given)}: needs {flag(missing)}, too")
        if cert and self.tls_self_signed:
            other = self.written("tls_self_signed")
            raise ConfigError(f"{self.written('tls_cert')}: cannot be used with {other}")
        return self

    @model_validator(mode="after")
    def _turn_servers_have_credentials(self) -> Self:
        """A browser refuses to make a connection with a TURN server that lacks them."""
        for number, server in enumerate(self.ice_servers, 1):
            if server.lacks_credentials and self.turn_secret is None:
                raise ConfigError(
                    f"{self.written('ice_servers')}, entry {number}: should have a username and a"
                    " credential, since it names a TURN server, or there should be a"
                    f" {flag('turn_secret')}"
                )
        return self

    @property
    def takes_tcp_media(self) -> bool:
        """Whether there is any media that may come over TCP."""
        return self.tcp_media and self.media_mode == "relay"

    @property
    def udp_ports(self) -> tuple[int, ...]:
        """Those that are asked for, one for each worker; 0 for any free one."""
        count = max(self.workers, 1)
        return tuple(self.udp_port and self.udp_port + index for index in range(count))

    def public_port_of(self, worker: int) -> int:
        """The UDP port that a worker announces; 0 for the one that it has."""
        return self.public_udp_port and self.public_udp_port + worker

    def require_ports(self, name: str) -> None:
        """There are as many ports as workers, from the one on that the setting names.

        :raises ConfigError: when there are not.
        """
        first = getattr(self, name)
        last = first + max(self.workers, 1) - 1
        if first and last > MAX_PORT:
            raise ConfigError(
                f"{self.written(name)}: {self.workers} workers need the ports"
                f" {first} to {last}, and there are none beyond {MAX_PORT}"
            )

    def written(self, name: str) -> str:
        """The setting's name as the user gave it; as a flag when nobody did."""
        return self._written.get(name, flag(name))
