"""The settings: where values come from, and what is said about wrong ones."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import ValidationError

from relay.config import Settings, load
from relay.errors import ConfigError
from relay.setting import flag, variable


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_about(flags: Mapping[str, str] = {}, environ: Mapping[str, str] = {}) -> str:
    with pytest.raises(ConfigError) as raised:
        load(flags, environ)
    return str(raised.value)


def loaded(
    flags: Mapping[str, str] = {}, environ: Mapping[str, str] = {}, config: str | None = None
) -> dict[str, object]:
    return load(flags, environ, config=config).model_dump()


def test_nothing_given_means_the_defaults() -> None:
    assert loaded() == Settings().model_dump()
    assert (Settings().host, Settings().port, Settings().udp_port) == ("::", 8080, 7882)
    assert Settings().media_mode == "relay"


def test_the_environment_overrides_the_file_and_a_flag_overrides_both(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text('port = 1\nudp_port = 2\nlog_level = "debug"\n')
    settings = load({"port": "5"}, {"RELAY_PORT": "3", "RELAY_UDP_PORT": "4"})
    assert (settings.port, settings.udp_port) == (5, 4)
    assert settings.log_level == "debug"


def test_a_named_file_replaces_relay_toml_and_the_flag_wins_over_the_variable(
    tmp_path: Path,
) -> None:
    (tmp_path / "relay.toml").write_text("port = 1\nudp_port = 1")
    (tmp_path / "a.toml").write_text("port = 2")
    (tmp_path / "b.toml").write_text("port = 3")
    assert loaded({}, {"RELAY_CONFIG": "a.toml"}) == Settings(port=2).model_dump()
    assert loaded({}, {"RELAY_CONFIG": "a.toml"}, "b.toml") == Settings(port=3).model_dump()


def test_an_empty_variable_counts_as_not_set() -> None:
    assert loaded({}, {"RELAY_PUBLIC_IP": "", "RELAY_CONFIG": ""}) == loaded()


def test_every_setting_can_come_from_each_place(tmp_path: Path) -> None:
    values = {
        "host": "127.0.0.1",
        "port": "81",
        "udp_port": "82",
        "workers": "3",
        "runtime_dir": "run",
        "base_path": "chat",
        "log_file": "relay.log",
        "tls_cert": "cert.pem",
        "tls_key": "key.pem",
        "public_ip": "192.0.2.7,2001:db8::7,chat.example.org",
        "public_udp_port": "443",
        "tcp_media": "false",
        "tcp_port": "83",
        "public_tcp_port": "84",
        "turn_secret": "hush",
        "media_mode": "direct",
        "ice_servers": "stun:a.example:3478,stuns:[2001:db8::1]",
        "trusted_proxies": "127.0.0.1,::1,10.0.0.0/8",
        "allowed_origins": "https://A.example,http://localhost:3000",
        "allowed_hosts": "Chat.example.org,relay",
        "operator_token": "a-long-enough-token",
        "max_users": "2",
        "resume_s": "0",
        "drain_s": "600",
        "connections_per_source": "9",
        "rematch_after_s": "0.5",
        "interest_wait_s": "2",
        "link_timeout_s": "3",
        "messages_per_s": "7",
        "operator_sees_addresses": "true",
        "poll_idle": "true",
        "allow_taps": "true",
        "audit_log": "looks.jsonl",
        "metrics_public": "true",
        "log_json": "true",
        "welcome_file": "rules.txt",
        "log_level": "error",
        "data_dir": "state",
        "classify": "true",
        "classify_every_s": "2",
        "classify_threshold": "0.9",
        "classify_command": "look closely",
        "database_url": "postgresql://relay:hush@db.example.org/relay",
        "users_per_visitor": "5",
        "users_per_address": "6",
        "arrivals_per_minute_visitor": "7",
        "arrivals_per_minute_address": "8",
        "nexts_per_minute": "9",
        "hasty_nexts": "0",
        "same_texts": "0",
        "links_after_s": "10",
        "ban_after_reporters": "11",
        "start_blurred": "true",
        "evidence": "true",
        "evidence_days": "7",
        "webhook_url": "https://hooks.example.org/relay",
        "webhook_secret": f"whsec_{32 * 'a'}",
        "cluster_secret": 16 * "s",
        "cluster_port": "7000",
        "cluster_address": "192.0.2.8",
        "node_name": "berlin-1",
    }
    assert set(values) | {"tls_self_signed", "cluster"} == set(Settings.model_fields)
    from_flags = load(values, {})
    from_environment = loaded({}, {variable(name): value for name, value in values.items()})
    (tmp_path / "relay.toml").write_text("".join(f'{k} = "{v}"\n' for k, v in values.items()))
    from_file = loaded()
    assert from_flags.model_dump() == from_environment == from_file
    assert all(getattr(from_flags, name) != getattr(Settings(), name) for name in values)
    assert from_flags.allowed_origins == ("https://a.example", "http://localhost:3000")
    assert [server.urls for server in from_flags.ice_servers] == [
        ["stun:a.example:3478"],
        ["stuns:[2001:db8::1]"],
    ]


def test_a_path_gets_the_slashes_that_are_missing() -> None:
    for written in ("chat", "/chat", "chat/", "/chat/"):
        assert load({"base_path": written}, {}).base_path == "/chat/"
    assert load({"base_path": "/"}, {}).base_path == "/"
    assert load({"base_path": "a/b.c"}, {}).base_path == "/a/b.c/"


def test_a_self_signed_certificate_can_be_asked_for_in_each_place(tmp_path: Path) -> None:
    assert loaded({"tls_self_signed": "true"}) == loaded({}, {"RELAY_TLS_SELF_SIGNED": "1"})
    (tmp_path / "relay.toml").write_text("tls_self_signed = true")
    assert (
        loaded()
        == loaded({"tls_self_signed": "true"})
        == Settings(tls_self_signed=True).model_dump()
    )
    assert not load({"tls_self_signed": "false"}, {}).tls_self_signed


def test_ice_servers_with_credentials_come_as_json_or_as_toml_tables(tmp_path: Path) -> None:
    (tmp_path / "relay.toml").write_text(
        'ice_servers = ["stun:a.example", { urls = "turns:b.example:443?transport=tcp",'
        ' username = "u", credential = "p" }]'
    )
    as_json = """["stun:a.example", {"urls": ["turns:b.example:443?transport=tcp"],
        "username": "u", "credential": "p"}]"""
    assert loaded() == loaded({"ice_servers": as_json})
    assert load({}, {}).ice_servers[1].model_dump() == {
        "urls": ["turns:b.example:443?transport=tcp"],
        "username": "u",
        "credential": "p",
    }


WEBHOOK = "should be a URL such as https://example.org/hooks/relay"
IN_THE_CLEAR = "should begin with https://, unless it is on a private network"
WEBHOOK_SECRET = "should be whsec_ and 24 to 64 bytes in base64; openssl rand makes some"
DATABASE = "should be a URL such as postgresql://relay@db.example.org/relay"
STORE = "should be a URL such as redis://redis.example.org:6379/0"
CLUSTER_SECRET = "should be at least 16 characters; openssl rand -hex 32 makes some"
REACHED = "should be an address that other machines can reach"
NODE = "should be up to 32 of a-z, 0-9 and -"
BASE_PATH = "should be a path such as /chat/, of letters, digits and . _ ~ -"
IP_ADDRESS = "should be an IP address such as 192.0.2.7"
ICE_URL = "should be a stun:, turn: or turns: URL such as stun:stun.example.org:3478"
ORIGIN = "should be * or an origin such as https://chat.example.org"
TOKEN = "should be at least 16 characters: letters, digits and . _ ~ + / - ="


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("host", "localhost", f": {IP_ADDRESS}, not 'localhost'"),
        ("base_path", "/a b/", f": {BASE_PATH}, not '/a b/'"),
        ("base_path", "/../", f": {BASE_PATH}, not '/../'"),
        ("base_path", "//evil.example/x//y", f": {BASE_PATH}, not '//evil.example/x//y'"),
        ("port", "http", ": should be a whole number, not 'http'"),
        ("port", "8080.5", ": should be a whole number, not '8080.5'"),
        ("port", "65536", ": should be less than or equal to 65535, not '65536'"),
        ("udp_port", "-1", ": should be greater than or equal to 0, not '-1'"),
        ("public_ip", "1.2.3", f", entry 1: {IP_ADDRESS} or a host name, not '1.2.3'"),
        ("public_ip", "a_b.example,c d", f", entry 2: {IP_ADDRESS} or a host name, not 'c d'"),
        ("public_udp_port", "65536", ": should be less than or equal to 65535, not '65536'"),
        *(
            (
                "public_ip",
                ip,
                f", entry 1: should be an address that browsers can reach, not '{ip}'",
            )
            for ip in ("::", "224.0.0.1", "255.255.255.255", "240.0.0.1", "fe80::1%lo")
        ),
        (
            "trusted_proxies",
            "10.0.0.1/8",
            ", entry 1: should be a network such as 10.0.0.0/8, or one address, not '10.0.0.1/8'",
        ),
        (
            "trusted_proxies",
            "::1,nginx",
            ", entry 2: should be an IP address or a network such as 192.0.2.0/24, not 'nginx'",
        ),
        ("media_mode", "p2p", ": should be 'relay' or 'direct', not 'p2p'"),
        ("ice_servers", "stun:a.example,http://b.example", f", entry 2, urls, entry 1: {ICE_URL}"),
        ("ice_servers", "stun://a.example", f", entry 1, urls, entry 1: {ICE_URL}"),
        ("ice_servers", "stun:a.example:65536", f", entry 1, urls, entry 1: {ICE_URL}"),
        ("ice_servers", "stun:a.example:0", f", entry 1, urls, entry 1: {ICE_URL}"),
        (
            "ice_servers",
            "turn:a.example",
            (
                ", entry 1: should have a username and a credential, since it names a TURN server,"
                " or there should be a --turn-secret"
            ),
        ),
        ("ice_servers", "[7]", ", entry 1: should be a URL or an RTCIceServer object"),
        ("ice_servers", '[{"urls": []}]', ", entry 1, urls: should not be empty"),
        ("ice_servers", '[{"url": "stun:a"}]', ", entry 1, urls: Field required"),
        ("allowed_origins", "chat.example.org", f", entry 1: {ORIGIN}, not 'chat.example.org'"),
        ("allowed_origins", "*,https://a/", f", entry 2: {ORIGIN}, not 'https://a/'"),
        ("operator_token", "fifteen-letters", f": {TOKEN}"),
        ("operator_token", "sixteen or more characters", f": {TOKEN}"),
        ("tls_self_signed", "maybe", ": should be true or false, not 'maybe'"),
        ("max_users", "0", ": should be greater than or equal to 1, not '0'"),
        ("rematch_after_s", "soon", ": should be a number, not 'soon'"),
        ("rematch_after_s", "inf", ": should be a finite number, not 'inf'"),
        ("rematch_after_s", "86401", ": should be less than or equal to 86400, not '86401'"),
        ("interest_wait_s", "3601", ": should be less than or equal to 3600, not '3601'"),
        ("link_timeout_s", "3601", ": should be less than or equal to 3600, not '3601'"),
        ("messages_per_s", "1e7", ": should be less than or equal to 1000000, not '1e7'"),
        ("link_timeout_s", "0", ": should be greater than 0, not '0'"),
        ("messages_per_s", "nan", ": should be a finite number, not 'nan'"),
        ("webhook_url", "hooks.example.org", f": {WEBHOOK}"),
        ("webhook_url", "ftp://hooks.example.org/x", f": {WEBHOOK}"),
        ("webhook_url", "https://hooks.example.org/a b", f": {WEBHOOK}"),
        ("webhook_url", "http://hooks.example.org/x", f": {IN_THE_CLEAR}"),
        ("webhook_url", "http://127.0.0.1.example/x", f": {IN_THE_CLEAR}"),
        ("webhook_secret", "hush", f": {WEBHOOK_SECRET}"),
        ("webhook_secret", "whsec_aaaa", f": {WEBHOOK_SECRET}"),
        ("webhook_secret", f"whsec_{32 * '!'}", f": {WEBHOOK_SECRET}"),
        ("webhook_url", "https://hooks.example.org/x", ": needs --webhook-secret, too"),
        ("database_url", "mysql://relay:hush@db.example.org/relay", f": {DATABASE}"),
        ("database_url", "postgresql://relay:hush@db.example.org", f": {DATABASE}"),
        ("cluster", "http://redis.example.org", f": {STORE}"),
        ("cluster", "redis://", f": {STORE}"),
        ("cluster", "redis://127.0.0.1:99999/0", f": {STORE}"),
        ("cluster", "redis://127.0.0.1:0", f": {STORE}"),
        ("cluster", "redis://:hush@redis.example.org/0 1", f": {STORE}"),
        ("cluster", "unix://redis.sock", f": {STORE}"),
        ("cluster", "redis://redis.example.org", ": needs --cluster-secret, too"),
        ("cluster_secret", "fifteen-letters", f": {CLUSTER_SECRET}"),
        ("cluster_port", "0", ": should be greater than or equal to 1, not '0'"),
        ("cluster_address", "berlin", f": {IP_ADDRESS}, not 'berlin'"),
        ("cluster_address", "::", f": {REACHED}, not '::'"),
        ("cluster_address", "ff02::1", f": {REACHED}, not 'ff02::1'"),
        ("node_name", "Berlin", f": {NODE}, not 'Berlin'"),
        ("node_name", 33 * "n", f": {NODE}, not '{33 * 'n'}'"),
        ("log_level", "loud", ": should be 'debug', 'info', 'warning' or 'error', not 'loud'"),
    ],
)
def test_a_wrong_value_is_told_in_one_line_that_names_the_option_as_written(
    name: str, value: str, said: str, tmp_path: Path
) -> None:
    assert said_about({name: value}) == flag(name) + said
    assert said_about({}, {variable(name): value}) == variable(name) + said
    (tmp_path / "relay.toml").write_text(f"{name} = '{value}'")
    assert said_about() == f"{name} in relay.toml{said}"


def test_json_that_does_not_parse_is_not_repeated() -> None:
    said = said_about({"ice_servers": '[{"credential": "hush"'})
    assert said.startswith("--ice-servers: is not valid JSON (")
    assert "hush" not in said
    assert "\n" not in said


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("prot = 80", "prot in relay.toml: is not a known option"),
        ("[limits]\nusers = 3", "limits in relay.toml: is not a known option"),
        ("tls_cert = 7", "tls_cert in relay.toml: should be the name of a file, not 7"),
        ("port = [80]", "port in relay.toml: should be a whole number, not [80]"),
        ("port =", "relay.toml: is not valid TOML: Invalid value (at end of document)"),
        (b"\xff", "relay.toml: is not valid TOML: "),
    ],
)
def test_a_wrong_file_is_told_in_one_line(content: str | bytes, said: str, tmp_path: Path) -> None:
    raw = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "relay.toml").write_bytes(raw)
    assert said_about().startswith(said)
    assert "\n" not in said_about()


def test_a_named_file_that_cannot_be_read_names_the_option() -> None:
    with pytest.raises(ConfigError, match=r"^--config: cannot read no\.toml: No such file"):
        load({}, {}, config="no.toml")
    with pytest.raises(ConfigError, match=r"^RELAY_CONFIG: cannot read no\.toml: No such file"):
        load({}, {"RELAY_CONFIG": "no.toml"})


def test_a_later_error_can_name_the_option_as_written() -> None:
    settings = load({"port": "81"}, {"RELAY_UDP_PORT": "82"})
    assert [settings.written(name) for name in ("port", "udp_port", "host")] == [
        "--port",
        "RELAY_UDP_PORT",
        "--host",
    ]


def test_the_token_is_not_in_the_settings_text() -> None:
    assert "a-secret" not in repr(load({"operator_token": "a-secret-of-the-operator"}, {}))


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_a_database_s_url_may_be_written_as_other_programs_have_it(scheme: str) -> None:
    settings = load({"database_url": f"{scheme}://relay:hush@/relay?host=/run/postgresql"}, {})
    assert "hush" not in repr(settings)
    assert settings.database_url
    whole = "postgresql+psycopg://relay:hush@/relay?host=/run/postgresql"
    assert settings.database_url.get_secret_value() == whole


def test_settings_cannot_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1  # type: ignore[misc]


def test_as_many_workers_as_there_are_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("relay.values.usable_cores", lambda: 5)
    assert load({"workers": "auto"}, {}).workers == 5
    assert Settings().workers == 1


def test_each_worker_has_a_port_of_its_own() -> None:
    assert Settings(udp_port=7000, workers=3).udp_ports == (7000, 7001, 7002)
    assert Settings(udp_port=0, workers=2).udp_ports == (0, 0)
    assert Settings(workers=0).udp_ports == (7882,)
    text = said_about({"udp_port": "65534", "workers": "3"}, {})
    assert text == (
        "--udp-port: 3 workers need the ports 65534 to 65536, and there are none beyond 65535"
    )
    assert load({"udp_port": "65535"}, {}).udp_ports == (65535,)
    text = said_about({"public_udp_port": "65535", "workers": "2"}, {})
    assert text.startswith("--public-udp-port: 2 workers need the ports 65535 to 65536")
    assert load({"public_udp_port": "65535"}, {}).public_port_of(0) == 65535


CLUSTER = {"cluster": "redis://:hush@redis.example.org:6379/3", "cluster_secret": 16 * "s"}


def test_a_cluster_can_be_asked_for_in_each_place(tmp_path: Path) -> None:
    in_environment = {variable(name): value for name, value in CLUSTER.items()}
    (tmp_path / "relay.toml").write_text("".join(f'{k} = "{v}"\n' for k, v in CLUSTER.items()))
    assert loaded() == loaded(CLUSTER) == loaded({}, in_environment)
    settings = load(CLUSTER, {})
    assert settings.cluster
    assert settings.cluster.get_secret_value() == CLUSTER["cluster"]
    assert "hush" not in repr(settings)
    assert 16 * "s" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "redis://redis",
        "rediss://relay:hush@[2001:db8::1]:6380/15?ssl_cert_reqs=none",
        "redis://192.0.2.1/",
        "unix:///run/redis/redis.sock?db=2",
        "unix://relay:hush@/run/redis.sock",
    ],
)
def test_a_redis_server_may_be_written_in_several_ways(url: str) -> None:
    assert load(CLUSTER | {"cluster": url}, {}).cluster is not None


def test_a_node_of_a_cluster_has_workers_that_carry_its_media() -> None:
    assert said_about(CLUSTER | {"workers": "0"}) == "--cluster: needs --workers to be at least 1"
    said = said_about(CLUSTER | {"media_mode": "direct"})
    assert said == "--cluster: needs --media-mode to be relay"
    said = said_about(CLUSTER | {"workers": "2", "cluster_port": "65535"})
    assert said.startswith("--cluster-port: 2 workers need the ports 65535 to 65536")
