import numpy as np
import pytest

from relay.bots.tone import LEVEL_DBFS, SILENCE_DBFS, frequency_of, make, read


@pytest.mark.parametrize("source", range(40))
def test_a_bots_tone_is_read_back(source: int) -> None:
    sound = read(make(frequency_of(source), 12345, 4800))
    assert sound.frequency_hz == pytest.approx(frequency_of(source), abs=1)
    assert sound.level_dbfs == pytest.approx(LEVEL_DBFS, abs=0.2)


def test_neighbours_have_tones_that_can_be_told_apart() -> None:
    assert len({frequency_of(source) for source in range(40)}) == 40
    assert frequency_of(40) == frequency_of(0)


def test_stretches_join_without_a_click() -> None:
    whole = make(440, 0, 1920)
    assert np.array_equal(np.concatenate([make(440, 0, 960), make(440, 960, 960)]), whole)


def test_a_full_scale_sine_reads_0_dbfs() -> None:
    sine = np.round(32767 * np.sin(np.arange(4800) * 2 * np.pi / 48)).astype(np.int16)
    assert read(sine).level_dbfs == pytest.approx(0, abs=0.01)


def test_silence() -> None:
    sound = read(np.zeros(960, np.int16))
    assert (sound.level_dbfs, sound.frequency_hz) == (SILENCE_DBFS, 0)


def test_a_tone_in_noise_at_the_same_level_is_found() -> None:
    tone = make(1000, 0, 4800)
    noise = np.random.default_rng(1).normal(0, tone.std(), 4800)
    sound = read((tone + noise).astype(np.int16))
    assert sound.frequency_hz == pytest.approx(1000, abs=5)
    assert sound.level_dbfs == pytest.approx(LEVEL_DBFS + 3, abs=0.5)


def test_another_sample_rate() -> None:
    samples = make(440, 0, 4800)[::6]
    assert read(samples, 8000).frequency_hz == pytest.approx(440, abs=2)


@pytest.mark.parametrize("samples", [[1, -1, 1], [1, 2, 3], [32767, -32768, 32767, -32768]])
def test_the_shortest_sounds_are_read(samples: list[int]) -> None:
    assert read(np.array(samples, np.int16)).level_dbfs > SILENCE_DBFS
