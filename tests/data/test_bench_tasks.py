"""What tools/bench_tasks.py times, with the fitted heads."""

from npdistil.tasks.pipeline import TASKS
from tools.bench import tasks

TEXTS = ["A short one.", "One that is somewhat longer, with Berlin in it.", "And a third."]


def test_every_task_is_timed_beside_its_engine(monkeypatch):
    """Catches a task that nobody times, one without its engine, and options that are gone."""
    monkeypatch.setattr(tasks, "_texts", lambda parts: TEXTS)
    rows = tasks.tasks(1, 1)
    assert sorted(row["task"] for row in rows) == sorted(TASKS)
    assert all(row["token_rows"] > 20 and row["task_s"] > 0 < row["engine_s"] for row in rows)
