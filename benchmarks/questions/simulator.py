"""How much the local platform answers per CPU second of its own."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.contenders.contender import KEY
from benchmarks.harness.answers import Answer, Table
from benchmarks.harness.arena import CLIENT_CORES, SERVER_CORES, Arena, Race, ask, read_line, start, stop

SIMULATOR = f"""
import asyncio
from zhipu_async.simulator import Simulator
async def main():
    async with Simulator(api_keys=[{KEY!r}], pace=0, caps={{}}) as sim:
        print(sim.base_url.split("/api/")[0], flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""
FLOOR = """
import asyncio
from aiohttp import web
from benchmarks.harness import scenes
body = scenes.completion().split(b"\\r\\n\\r\\n", 1)[1]
async def answer(request):
    await request.json()
    return web.Response(body=body, content_type="application/json")
async def main():
    app = web.Application()
    app.router.add_post("/api/paas/v4/chat/completions", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    print("http://127.0.0.1:%d" % runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()
asyncio.run(main())
"""


def run(arena: Arena) -> Answer:
    """Race."""
    answer = Answer(__doc__ or "")
    servers = {"simulator, small completion": SIMULATOR, "aiohttp.web, the same completion unchecked": FLOOR}
    race = Race("µs of the server per call")
    running = {name: start([sys.executable, "-c", code], SERVER_CORES) for name, code in servers.items()}
    workers = {name: client_of(read_line(server)) for name, server in running.items()}
    try:
        for turn in range(-1, 3 if arena.quick else 7):
            for name in running if turn % 2 else reversed(running):
                spent = per_call(running[name], workers[name], 300 if arena.quick else 1000)
                if turn >= 0:
                    race.turns.setdefault(name, []).append({"cpu": spent})
    finally:
        for process in (*workers.values(), *running.values()):
            stop(process)
    reference = "aiohttp.web, the same completion unchecked"
    answer.tables.append(Table("Calls to the local platform", race, reference=reference))
    return answer


def client_of(origin: str) -> subprocess.Popen[str]:
    """A client that keeps the server busy."""
    worker = start([sys.executable, "-m", "benchmarks.harness.worker", "by_hand", origin], CLIENT_CORES)
    read_line(worker)
    return worker


def per_call(server: subprocess.Popen[str], worker: subprocess.Popen[str], calls: int) -> float:
    """What the server spends on a call, in µs of its processor time."""
    before = processor_seconds(server.pid)
    told = ask(worker, {"verb": "calls", "scene": "api", "requests": calls})
    if "error" in told:
        raise RuntimeError(str(told["error"]))
    return (processor_seconds(server.pid) - before) / calls * 1e6


def processor_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/schedstat") as told:
        return int(told.read().split()[0]) / 1e9
