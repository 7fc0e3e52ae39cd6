"""The configuration says what does not fit, with both values; the run's directory loses nothing."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.config import PRESETS, RunConfig, RunDir, write_atomic
from labkit.errors import ConfigError


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_survive_the_trip_through_json(preset):
    config = RunConfig.create(preset)
    assert RunConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("preset", PRESETS)
def test_ppo_takes_as_many_rollouts_one_per_prompt(preset):
    grpo, ppo = RunConfig.create(preset), RunConfig.create(preset, algorithm="ppo")
    assert ppo.group_size == 1
    assert ppo.rollouts_per_batch == grpo.rollouts_per_batch


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"group_size": 0}, "group_size is 0; it must be at least 1"),
        ({"learning_rate": 0.0}, "learning_rate is 0.0; it must be above 0"),
        ({"algorithm": "dpo"}, "algorithm is 'dpo'; choose 'grpo' or 'ppo'"),
        ({"liger": "False"}, "liger is 'False'; it must be true or false"),
        ({"seed": True}, "seed is True; it must be a whole number"),
        ({"optimizer_steps": 1e2}, "optimizer_steps is 100.0; it must be a whole number"),
        ({"learning_rate": "high"}, "learning_rate is 'high'; it must be a number"),
        ({"difficulty": "Hard"}, "difficulty is 'Hard'; choose 'mixed', 'easy' or 'hard'"),
        ({"problems": "gsm8K"}, "problems is 'gsm8K'; choose 'arithmetic' or 'gsm8k'"),
        ({"zero_stage": True}, "zero_stage is True; choose 1, 2 or 3"),
        ({"model": 3}, "model is 3; it must be text"),
        ({"hostfile": 3}, "hostfile is 3; it must be text, or null"),
        ({"trainer_devices": 1}, "trainer_devices is 1; it must be a list of whole numbers"),
        ({"trainer_devices": [1.5]}, r"trainer_devices is \(1.5,\); it must be a list of whole numbers"),
        ({"heldout_problems": 0}, "heldout_problems is 0; it must be at least 1"),
        ({"max_staleness": -1}, "max_staleness is -1; it must be at least 0"),
        ({"publish_every": 10}, "publish_every=10 rollouts get 9 optimizer steps old, .* max_staleness=8 are dropped"),
        ({"engine": "sglang"}, "engine is 'sglang'"),
        ({"algorithm": "ppo", "group_size": 8}, "PPO takes one rollout per prompt, group_size is 8"),
        ({"algorithm": "grpo", "group_size": 1}, "GRPO compares the rollouts of a group, group_size is 1; set group_size to 2"),
        ({"rollouts_per_step": 48}, "16 prompts x 8 = 128 rollouts does not divide into optimizer steps of 48"),
        ({"rollouts_per_step": 4, "micro_batch_size": 4}, "would split a group of 8"),
        ({"micro_batch_size": 24}, "rollouts_per_step 64 is no multiple of micro_batch_size 24 x num_trainers 1 = 24"),
        ({"trainer_devices": (1, 2)}, r"trainer_devices \[1, 2\] for num_trainers=1"),
        ({"colour": "blue"}, r"unknown configuration fields \['colour'\]"),
    ],
)
def test_what_does_not_fit_is_named(changes, reason):
    with pytest.raises(ConfigError, match=reason):
        RunConfig.create("tiny", **changes)


def test_an_unknown_preset_is_named():
    with pytest.raises(ConfigError, match=r"there is no preset 'huge'; choose one of tiny, qwen2\.5-3b"):
        RunConfig.create("huge")


@given(st.integers(1, 64), st.integers(1, 16), st.integers(1, 256), st.integers(1, 64), st.integers(1, 4))
def test_what_is_accepted_divides_without_rest(prompts, group, per_step, micro, trainers):
    try:
        config = RunConfig.create("tiny", prompts_per_batch=prompts, group_size=group, rollouts_per_step=per_step,
                                  micro_batch_size=micro, num_trainers=trainers)  # fmt: skip
    except ConfigError:
        return
    assert config.gradient_accumulation * micro * trainers == per_step
    assert prompts * group % per_step == 0


def test_a_run_is_not_overwritten(run: RunDir, config):
    assert run.load_config() == config
    with pytest.raises(ConfigError, match="already holds a run"):
        run.create(config)


def test_the_token_is_for_its_owner_alone(run: RunDir):
    assert run.state.stat().st_mode & 0o077 == 0


def test_a_broken_configuration_is_named(run: RunDir):
    run.config.write_text("{")
    with pytest.raises(ConfigError, match="is not JSON"):
        run.load_config()
    run.config.write_text('{"preset": "tiny"}')
    with pytest.raises(ConfigError, match="the configuration lacks"):
        run.load_config()


def test_write_atomic_leaves_no_scratch(tmp_path):
    write_atomic(tmp_path / "a", "one")
    write_atomic(tmp_path / "a", "two")
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    assert (tmp_path / "a").read_text() == "two"
