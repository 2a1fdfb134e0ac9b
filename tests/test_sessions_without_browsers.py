"""The people of `make load` and `make chaos` come back by themselves, as browsers do; and the
measuring would notice a wrong picture or a missed bar."""

import asyncio
import io

import numpy as np
import pytest
from PIL import Image
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.server import serve
from websockets.datastructures import Headers
from websockets.http11 import Response

from benchmarks.chaos.checks import difference
from benchmarks.chaos.killing import KINDS, planned
from benchmarks.sessions import Lost, Session
from benchmarks.tables import Row, share, show
from tests.browser.conftest import free_port


class Server:
    """Speaks as much of Streamlit's protocol as a page with a title and a button needs."""

    def __init__(self):
        self.port, self.asked, self.lines, self.dies_at = free_port(), [], [], None

    async def start(self):
        self._server = await serve(
            self._talk,
            "127.0.0.1",
            self.port,
            process_request=self._page,
            subprotocols=["streamlit"],
        )

    async def die(self):
        for line in self.lines:
            line.transport.abort()
        self._server.close()
        await self._server.wait_closed()

    def _page(self, _line, request):
        if request.path.startswith("/_stcore/stream"):
            return None
        return Response(200, "OK", Headers({"Content-Length": "2", "Set-Cookie": "a=b"}), b"hi")

    async def _talk(self, line):
        self.lines.append(line)
        async for data in line:
            asked = BackMsg()
            asked.ParseFromString(data)
            self.asked.append((asked.rerun_script, line.request.headers["Cookie"]))
            title, button, end = ForwardMsg(), ForwardMsg(), ForwardMsg()
            title.delta.new_element.heading.tag = "h1"
            title.delta.new_element.heading.body = "What is inside?"
            title.metadata.delta_path.extend([0, 0])
            button.delta.new_element.button.id = "$$ID-0123-start"
            button.metadata.delta_path.extend([0, 1])
            begin = ForwardMsg()
            begin.new_session.initialize.session_id = str(id(self._server))
            for message in (begin, title, button):
                await line.send(message.SerializeToString())
            if len(self.asked) == self.dies_at:
                line.transport.abort()
                return
            end.script_finished = ForwardMsg.FINISHED_SUCCESSFULLY
            await line.send(end.SerializeToString())


def test_a_session_comes_back_with_its_page_and_its_owner():
    async def lesson():
        server = Server()
        await server.start()
        session = Session(f"http://127.0.0.1:{server.port}", patience=20.0)
        await session.open("train", "epochs=2")
        assert session.drawn.title == "What is inside?" and session.sees("start")
        server.dies_at = 2
        with pytest.raises(Lost):
            await session.rerun(pressed="start")
        await session.back()
        await server.die()
        await asyncio.sleep(0.2)
        await server.start()
        await session.back()
        assert session.losses == len(session.returns) == 2 and session.drawn.title
        await session.close()
        await server.die()
        return server.asked

    first, pressed, *again = asyncio.run(lesson())
    assert [w.trigger_value for w in pressed[0].widget_states.widgets] == [True]
    assert len(again) == 2, "a click is not repeated by itself, a page is drawn again"
    for state, cookie in [first, *again]:
        assert not state.widget_states.widgets and cookie == "a=b"
        assert (state.page_name, state.query_string) == ("train", "epochs=2")


def png(pixels):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, "PNG")
    return content.getvalue()


def test_a_wrong_picture_is_noticed():
    right = np.random.default_rng(0).integers(0, 250, (20, 20, 3), np.uint8)
    near, other = right.copy(), right.copy()
    near[3, 4] += 1
    other[3, 4] += 5
    assert [difference(png(right), png(p)) for p in (right, near, other)] == [0, 1, 5]
    assert difference(png(right), png(right[:10])) == 255


def test_kills_are_chosen_by_the_seed():
    assert planned(30, 1) == planned(30, 1) != planned(30, 2)
    assert {kill.kind for kill in planned(30, 1)} == set(KINDS)
    assert {kill.aim for kill in planned(30, 1)} == {
        None,
        "vetting",
        "import",
        "keeping",
        "saving",
    }
    assert sorted(kill.kind for kill in planned(3, 1)) == sorted(KINDS)
    assert not any(kill.aim for kill in planned(30, 1) if kill.kind == "training")


def test_a_missed_bar_is_said(capsys):
    assert show([Row("a", 1.0, most=1.0), Row("b", 5.0), Row("c", None)])
    assert not show([Row("a", 1.1, 1, most=1.0)]) and not show([Row("nothing", None, most=1.0)])
    assert capsys.readouterr().out.count("MISSED") == 2
    assert share([3.0, 1.0, 2.0], 0.5) == 2.0 and share([], 0.95) is None
