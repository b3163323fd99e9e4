"""What the frameworks' own tests take for granted: marks, and somebody who runs coroutines."""

import asyncio
import inspect

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """LangChain's tests carry marks of plugins that pyproject.toml switches off."""
    for mark in ("asyncio", "benchmark", "enable_socket", "vcr"):
        config.addinivalue_line("markers", f"{mark}: of LangChain's tests; means nothing here")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test that is a coroutine."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    asyncio.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
