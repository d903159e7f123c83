"""Whatever stands in the settings' place: they are read, or one line says what is wrong."""

from pathlib import Path

import pytest

from relay.cli import main
from relay.config import Settings, foreign, load
from relay.errors import ConfigError
from relay.setting import flag, variable
from relay.wording import SECRET

ODD = (
    "true",
    "-1",
    "7",
    "65536",
    "1" * 30,
    "1" * 5000,
    "1.5",
    "nan",
    "inf",
    "-0.0",
    '""',
    '" "',
    '"hush-hush hush-hush"',
    '"a\\u0000b"',
    '"two\\nlines\\r"',
    '"\\u001b[31m"',
    '"/\\u00e9\\ud7ff/"',
    f'"{300 * "x"}"',
    '"[1, {}]"',
    '"[[[["',
    '"::1%lo"',
    '"https://[::1"',
    "[]",
    "[[]]",
    "[7, true]",
    '["", "*"]',
    "{}",
    "[{}]",
    '{ a = { b = "hush-hush" } }',
    '[{ urls = "turn:a", username = 7 }]',
    "1979-05-27T07:32:00Z",
    "1979-05-27",
    "07:32:00",
)


@pytest.fixture(autouse=True)
def empty_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said_about(name: str, value: str) -> str | None:
    """What is said when a file has a value, if it is not taken."""
    Path("relay.toml").write_text(f"{name} = {value}\n", encoding="utf-8")
    try:
        load({}, {})
    except ConfigError as error:
        return str(error)
    return None


def said_about_flag(name: str, value: str) -> str | None:
    try:
        load({name: value}, {})
    except ConfigError as error:
        return str(error)
    return None


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_value_of_any_kind_is_taken_or_told_in_one_line(name: str) -> None:
    for value in ODD:
        said = said_about(name, value)
        if said is not None:
            assert said.startswith((f"{name} in relay.toml", "relay.toml: is not valid TOML")), said
            assert said.isprintable(), said
            assert len(said) < 250, said
            assert name not in SECRET or "hush-hush" not in said, said


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_text_of_any_kind_is_taken_or_told_in_one_line(name: str) -> None:
    for value in ("maybe", "-1", "1.5", "nan", "[", "{}", "a\nb", "\x1b[31m", "é", 300 * "x"):
        said = said_about_flag(name, value)
        assert said is None or said.startswith(flag(name)), said
        assert said is None or said.isprintable(), said


NO_TYPE_OF_OURS = ("{ a = 1 }", "1979-05-27", "07:32:00", "[[]]")
"""In TOML; no setting is a table, a date or a list of lists."""
SWITCHES = [name for name, field in Settings.model_fields.items() if field.annotation is bool]
NUMBERS = [
    name
    for name, field in Settings.model_fields.items()
    if field.annotation in (int, int | None, float)
]
REMEDIES = ("should ", "needs ")


@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_wrong_type_in_the_file_is_told_with_what_it_should_be(name: str) -> None:
    wrong = [*NO_TYPE_OF_OURS, *([] if name in SWITCHES else ["true"])]
    wrong += ["7", '"perhaps"', "[]"] if name in SWITCHES else []
    wrong += ["[]", '"many"', '""'] if name in NUMBERS else []
    for value in wrong:
        said = said_about(name, value)
        assert said is not None, (name, value)
        assert said.startswith(f"{name} in relay.toml"), said
        assert any(word in said for word in REMEDIES), said
        assert "tuple" not in said, said
        assert said.isprintable(), said


@pytest.mark.parametrize("name", [*SWITCHES, *NUMBERS])
def test_a_wrong_type_in_the_environment_is_told_with_what_it_should_be(name: str) -> None:
    for value in ("perhaps", "[]", "{}", "1979-05-27", "1e999"):
        with pytest.raises(ConfigError) as raised:
            load({}, {variable(name): value})
        said = str(raised.value)
        assert said.startswith(f"{variable(name)}: should "), said
        assert said.isprintable(), said


@pytest.mark.usefixtures("kept_logging")
@pytest.mark.parametrize("name", Settings.model_fields)
def test_a_wrong_type_ends_the_server_with_2_and_one_line(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("relay.toml").write_text(f"{name} = {{ a = 1 }}\n")
    monkeypatch.setattr("sys.argv", ["relay", "serve"])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    assert (ended.value.code, told.out) == (2, "")
    assert told.err.startswith(f"relay: {name} in relay.toml: ")
    assert told.err.count("\n") == 1


def test_a_switch_is_no_number() -> None:
    """True is 1 to Python."""
    assert said_about("port", "true") == "port in relay.toml: should be a whole number, not true"
    said = said_about("evidence_days", "false")
    assert said == "evidence_days in relay.toml: should be a number, not false"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", "tcp://10.0.0.1:8080"),
        ("udp_port", "udp://10.0.0.1:7882"),
        ("cluster_port", "tcp://[fd00::1]:7900"),
    ],
)
def test_what_kubernetes_sets_for_a_service_called_relay_is_not_ours(name: str, value: str) -> None:
    environ = {
        variable(name): value,
        "RELAY_SERVICE_HOST": "10.0.0.1",
        "RELAY_PORT_8080_TCP": "tcp://10.0.0.1:8080",
        "RELAY_PORT_8080_TCP_ADDR": "10.0.0.1",
    }
    assert load({}, environ).model_dump() == Settings().model_dump()
    assert foreign(environ) == [variable(name)]
    (Path("relay.toml")).write_text(f"{name} = 81")
    assert getattr(load({}, environ), name) == 81


def test_a_wrong_port_is_no_service() -> None:
    assert foreign({"RELAY_PORT": "tcp://", "RELAY_HOST": "tcp://10.0.0.1:1"}) == []
    with pytest.raises(ConfigError, match="RELAY_PORT: should be a whole number"):
        load({}, {"RELAY_PORT": "http"})


def test_an_empty_name_is_no_file_and_not_the_working_directory() -> None:
    said = said_about("data_dir", '" "')
    assert said == "data_dir in relay.toml: should be the name of a file, not ' '"
    assert said_about("log_file", '""') is not None


def test_what_is_no_text_is_told_of_the_variable_and_the_flag() -> None:
    with pytest.raises(ConfigError, match=r"^RELAY_TURN_SECRET: is not in UTF-8$"):
        load({}, {"RELAY_TURN_SECRET": "\udcff"})
    with pytest.raises(ConfigError, match=r"^--turn-secret: is not in UTF-8$"):
        load({"turn_secret": "\udcff"}, {})


def test_lists_in_lists_in_lists_are_told() -> None:
    said = said_about("public_ip", 5000 * "[")
    assert said == "relay.toml: is not valid TOML: one in another too often"
    Path("relay.toml").unlink()
    with pytest.raises(ConfigError, match=r"^RELAY_PUBLIC_IP: is not valid JSON \(one list in"):
        load({}, {"RELAY_PUBLIC_IP": 100_000 * "["})


def test_a_key_is_repeated_in_one_line() -> None:
    said = said_about('"x\\u001b[31m\\ny"', "2")
    assert said == "'x\\x1b[31m\\ny' in relay.toml: is not a known option"


def test_an_editor_may_begin_the_file_with_a_mark() -> None:
    Path("relay.toml").write_text("port = 81\n", encoding="utf-8-sig")
    assert load({}, {}).port == 81


@pytest.mark.parametrize("name", ["-1", "-a.example.org", "a-.example.org"])
def test_a_host_name_does_not_begin_or_end_with_a_hyphen(name: str) -> None:
    assert said_about("public_ip", f'["{name}"]') is not None
    assert said_about("allowed_hosts", f'["{name}"]') is not None


def test_a_name_in_other_letters_is_taken_as_browsers_send_it() -> None:
    assert load({"allowed_hosts": "Bücher.example"}, {}).allowed_hosts == ("xn--bcher-kva.example",)
