"""Build the wheel and try it in an environment that has nothing but its runtime dependencies."""

import subprocess
import sys
import tempfile
from pathlib import Path

SMOKE = """
import asyncio, importlib.metadata, sys
import zhipu_async
assert "aiohttp" not in sys.modules and "websockets" not in sys.modules, "the import is heavy"
from zhipu_async.simulator import Simulator

async def main():
    async with Simulator() as sim, zhipu_async.AsyncZhipuAI(sim.api_key, base_url=sim.base_url) as zhipu:
        reply = await zhipu.chat.completions.create(model="glm-4.7", messages="你好")
        assert reply.text, reply
        async with zhipu.chat.completions.stream(model="glm-4.7", messages="写首诗") as stream:
            assert "".join([piece async for piece in stream.text()]) == stream.result.text

asyncio.run(main())
print("zhipu-async", importlib.metadata.version("zhipu-async"), "works in a bare environment")
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        wheels, bare = Path(place) / "wheels", Path(place) / "bare"
        subprocess.run(
            [sys.executable, "-m", "pip", "--quiet", "wheel", "--no-deps", "--wheel-dir", str(wheels), "."],
            check=True,
        )
        wheel = next(wheels.glob("zhipu_async-*.whl"))
        subprocess.run([sys.executable, "-m", "venv", str(bare)], check=True)
        python = str(bare / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "--quiet", "--disable-pip-version-check", "install", str(wheel)], check=True
        )
        subprocess.run([python, "-W", "error", "-c", SMOKE], check=True, cwd=place)
        subprocess.run([str(bare / "bin" / "zhipu-async"), "--version"], check=True, cwd=place)


if __name__ == "__main__":
    main()
