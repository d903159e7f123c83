"""Keys that are made of a cluster's secret."""

from pydantic import SecretStr

from relay.cluster.secret import Secret

ONE = SecretStr("one that all the nodes share")


def test_all_nodes_make_the_same() -> None:
    assert Secret(ONE).key("authority") == Secret(ONE).key("authority")
    assert len(Secret(ONE).key("authority")) == 32
    assert len(Secret(ONE).key("authority", 16)) == 16


def test_they_stay_what_they_are() -> None:
    """Nodes of two releases are of one cluster."""
    assert Secret(ONE).key("authority").hex() == (
        "85b6645983bdec2257105a071ad041b987a53850a3db50f931a79062f03344e1"
    )


def test_each_purpose_has_a_key_of_its_own() -> None:
    secret = Secret(ONE)
    assert secret.key("cookies 1") != secret.key("cookies 2")


def test_another_secret_makes_others() -> None:
    assert Secret(ONE).key("a") != Secret(SecretStr("another that nobody shares")).key("a")


def test_secrets_are_told_apart_by_what_tells_nothing_else() -> None:
    other = Secret(SecretStr("another that nobody shares")).mark
    assert Secret(ONE).mark == Secret(ONE).mark != other
    assert len(other) == 16
    assert Secret(ONE).key("authority").hex()[:16] != Secret(ONE).mark
